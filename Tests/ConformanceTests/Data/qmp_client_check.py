"""Drives a QMP server with the package qemu.qmp. usage: qmp_client_check.py SOCKET

Each check prints a line; what fails is an exception and a status other than 0."""
import asyncio
import sys

from qemu.qmp import EventListener, ExecuteError, QMPClient

PATIENCE = 20


def check(what, truth):
    if not truth:
        raise AssertionError(what)
    print("ok:", what)


async def error_class(client, command, arguments=None):
    try:
        await client.execute(command, arguments)
    except ExecuteError as error:
        return error.error_class
    return None


async def events(client, names, command):
    """Runs the command and returns the next event with one of these names."""
    listener = EventListener(names=names)
    with client.listen(listener):
        await client.execute(command)
        return (await asyncio.wait_for(listener.get(), PATIENCE))["event"]


async def main(path):
    first, second = QMPClient("first"), QMPClient("second")
    await first.connect(path)
    check("the greeting offers oob", "oob" in first.greeting.QMP.capabilities)
    check("the version is 7.2", first.greeting.QMP.version["qemu"]["major"] == 7)

    status = await first.execute("query-status")
    check("the machine runs", status == {"status": "running", "singlestep": False, "running": True})
    check("out of band", isinstance(await first.execute("query-yank", oob=True), list))
    check("out of band, refused", await refused_out_of_band(first))
    check("CommandNotFound", await error_class(first, "nope") == "CommandNotFound")
    check("GenericError", await error_class(first, "migrate") == "GenericError")
    check("DeviceNotFound", await error_class(first, "qom-list", {"path": "/nope"}) == "DeviceNotFound")

    await second.connect(path)
    check("a second client", (await second.execute("query-status"))["running"])
    other = EventListener(names=["STOP", "RESUME"])
    with second.listen(other):
        check("STOP", await events(first, ["STOP"], "stop") == "STOP")
        check("RESUME", await events(first, ["RESUME"], "cont") == "RESUME")
        seen = [(await asyncio.wait_for(other.get(), PATIENCE))["event"] for _ in range(2)]
        check("the other client sees both", seen == ["STOP", "RESUME"])

    many = await asyncio.gather(*(first.execute("query-status") for _ in range(8)))
    check("eight at once", all(one["running"] for one in many))
    check("a raw message", (await first._raw({"execute": "query-name", "id": "mine"}, assign_id=False))["id"] == "mine")

    await second.disconnect()
    check("the first goes on without the second", (await first.execute("query-status"))["running"])
    await first.disconnect()


async def refused_out_of_band(client):
    try:
        await client.execute("query-status", oob=True)
    except ExecuteError as error:
        return error.error_class == "GenericError"
    return False


asyncio.run(asyncio.wait_for(main(sys.argv[1]), 60))

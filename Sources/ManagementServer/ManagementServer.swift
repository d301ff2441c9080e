/// QMP sockets and dispatch.

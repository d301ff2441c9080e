// Objects that clients create by name: TLS credentials and authorisation lists.

# The panel of the connections in a notebook of its own, with handlers that are written in it,
# as in notebook 03; its text is a notebook's only cell.
from helpers import connections_panel

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def handle(reader, writer):
    while await reader.read(4096):
        writer.write(ANSWER)
        await writer.drain()


def handle_in_thread(connection):
    while connection.recv(4096):
        connection.sendall(ANSWER)


connections_panel((handle, handle_in_thread))

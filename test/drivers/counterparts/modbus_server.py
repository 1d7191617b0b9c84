"""A Modbus device made of pymodbus (Debian's python3-pymodbus): an implementation that shares nothing with the client under test.

Arguments: {"serial": path, "baudRate": 9600, "maxConnections": 1, "values": [...], "silentUnits": [2], "isGateway": false}; without "serial" it listens on TCP.
A value is {"unit", "table", "address", "type", "value", "order", "size", "perSecond", "since"}; one with "perSecond" has grown that much a
second since the Unix second "since" whenever it is read. Commands, one JSON object a line:
  {"set": [values]}                     at once
  {"set": [values], "after": address}   after the next question that covers the address
  {"mode": m, "times": n, "delayMs": d} of the next questions: silent, late, drop, flood, wrongUnit, wrongId, busy
  {"cut": true}                         closes every connection
Every question is reported as a line of JSON.
"""
import asyncio
import json
import struct
import sys
import time

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock
from pymodbus.server.async_io import ModbusConnectedRequestHandler, ModbusSerialServer, ModbusSingleRequestHandler, ModbusTcpServer
from pymodbus.transaction import ModbusRtuFramer, ModbusSocketFramer

FORMATS = {"int16": ">h", "uint16": ">H", "int32": ">i", "uint32": ">I", "int64": ">q", "uint64": ">Q", "float32": ">f", "float64": ">d"}


def say(**fields):
    print(json.dumps(fields), flush=True)


def registers(item):
    """Sixteen-bit numbers that stand for the value, in the order of bytes asked for."""
    if item["type"] == "words":
        return item["value"]
    if item["type"] == "string":
        data = item["value"].encode().ljust(2 * item["size"], b"\0")
    elif isinstance(item["value"], str):
        data = struct.pack(FORMATS[item["type"].replace("float", "uint")], int(item["value"], 0))
    else:
        data = struct.pack(FORMATS[item["type"]], item["value"])
    words = [data[at:at + 2] for at in range(0, len(data), 2)]
    order = item.get("order", "ABCD")
    if order in ("CDAB", "DCBA"):
        words.reverse()
    if order in ("BADC", "DCBA"):
        words = [word[::-1] for word in words]
    return [struct.unpack(">H", word)[0] for word in words]


class Device:
    def __init__(self):
        self.tables = {}
        self.pending = []
        self.growing = []
        self.mode, self.times, self.delay = None, 0, 0

    def put(self, items):
        for item in items:
            self.write(item)
        self.growing += [item for item in items if "perSecond" in item]

    def write(self, item):
        table = self.tables.setdefault(item.get("unit", 1), {"holding": {}, "input": {}})[item.get("table", "holding")]
        for offset, word in enumerate(registers(item)):
            table[item["address"] + offset] = word

    def grow(self):
        for item in self.growing:
            self.write({**item, "value": int(item["value"] + item["perSecond"] * (time.time() - item["since"]))})

    def command(self, order):
        if "mode" in order:
            self.mode, self.times, self.delay = order["mode"], order.get("times", 1), order.get("delayMs", 0)
        elif "after" in order:
            self.pending.append(order)
        elif "set" in order:
            self.put(order["set"])

    def asked(self, address, count):
        due = [order for order in self.pending if address <= order["after"] < address + count]
        self.pending = [order for order in self.pending if order not in due]
        for order in due:
            self.put(order["set"])

    def next_mode(self):
        if self.times == 0:
            return None
        self.times -= 1
        return self.mode


DEVICE = Device()
OPTIONS = json.loads(sys.argv[1])


class Answering:
    """What both kinds of connection do with a question."""

    def execute(self, request, *addr):
        address, count = getattr(request, "address", 0), getattr(request, "count", 0)
        mode = DEVICE.next_mode()
        DEVICE.grow()
        say(fc=request.function_code, unit=request.unit_id, address=address, count=count)
        if mode == "silent" or request.unit_id in OPTIONS.get("silentUnits", []):
            return
        if mode == "drop":
            self.transport.abort()
            return
        if mode == "flood":
            self.transport.write(b"\0\1\0\0\xff\xff" + bytes(4096))
            return
        if mode == "wrongUnit" or mode == "wrongId" or mode == "busy":
            response = request.doException(6) if mode == "busy" else request.execute(self.server.context[request.unit_id])
            response.transaction_id = request.transaction_id + (7 if mode == "wrongId" else 0)
            response.unit_id = request.unit_id + (1 if mode == "wrongUnit" else 0)
            self.send(response, *addr)
        elif mode == "late":
            asyncio.get_running_loop().call_later(DEVICE.delay / 1000, lambda: super(Answering, self).execute(request, *addr))
        else:
            super().execute(request, *addr)
        DEVICE.asked(address, count)


class TcpHandler(Answering, ModbusConnectedRequestHandler):
    def connection_made(self, transport):
        limit = OPTIONS.get("maxConnections")
        if limit is not None and len(self.server.active_connections) >= limit:
            say(turnedAway=True)
            self.client_address = transport.get_extra_info("peername")
            self.handler_task = None
            transport.abort()
            return
        super().connection_made(transport)
        say(connected=len(self.server.active_connections))

    def connection_lost(self, call_exc):
        super().connection_lost(call_exc)


class SerialHandler(Answering, ModbusSingleRequestHandler):
    pass


def context():
    """Slaves whose blocks are the live tables: what is not in them is answered with exception 2."""
    slaves = {}
    for unit, tables in DEVICE.tables.items():
        blocks = {}
        for name, table in tables.items():
            block = ModbusSparseDataBlock({0xFFFFF: 0})
            block.values = table
            blocks[name] = block
        slaves[unit] = ModbusSlaveContext(hr=blocks["holding"], ir=blocks["input"], di=blocks["input"], co=blocks["input"], zero_mode=True)
    return ModbusServerContext(slaves=slaves, single=False)


async def listen_to_commands(server):
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        order = json.loads(line)
        if order.get("cut"):
            for handler in list(server.active_connections.values()):
                handler.transport.abort()
        DEVICE.command(order)
        say(done=True)
    # whoever started this is gone
    sys.exit(0)


async def main():
    DEVICE.put(OPTIONS["values"])
    if "serial" in OPTIONS:
        server = ModbusSerialServer(context(), framer=ModbusRtuFramer, handler=SerialHandler, port=OPTIONS["serial"],
                                    baudrate=OPTIONS.get("baudRate", 9600), ignore_missing_slaves=True)
        await server.start()
        say(listening=OPTIONS["serial"])
        await listen_to_commands(server)
    else:
        server = ModbusTcpServer(context(), framer=ModbusSocketFramer, handler=TcpHandler, address=("127.0.0.1", OPTIONS.get("port", 0)),
                                 allow_reuse_address=True, ignore_missing_slaves=not OPTIONS.get("isGateway", False))
        serving = asyncio.ensure_future(server.serve_forever())
        while server.server is None or not server.server.sockets:
            await asyncio.sleep(0.01)
        say(listening=server.server.sockets[0].getsockname()[1])
        await listen_to_commands(server)
        serving.cancel()

asyncio.run(main())

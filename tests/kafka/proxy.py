# SPDX-License-Identifier: Apache-2.0
"""A network between clients and one broker that loses, breaks off and delays what it is told to, by name of the request."""

import collections
import socket
import struct
import threading

# Names of requests as Kafka's protocol has them.
APIS = {"Produce": 0, "Fetch": 1, "ListOffsets": 2, "Metadata": 3, "OffsetFetch": 9, "FindCoordinator": 10, "InitProducerId": 22,
        "AddPartitionsToTxn": 24, "AddOffsetsToTxn": 25, "EndTxn": 26, "TxnOffsetCommit": 28}
VERBS = ("lose", "cut", "hold", "delay")
ERROR_AT = 12  # in the answer to EndTxn: behind size, number and throttle time
PATIENCE_S = 60


def read_exactly(connection, count):
    parts = b""
    while len(parts) < count:
        part = connection.recv(min(count - len(parts), 1 << 20))
        if not part:
            raise ConnectionError("closed")
        parts += part
    return parts


def read_frame(connection):
    """A size in four bytes and what follows, both. A request begins with its API and version in two bytes each, then four of its
    number; an answer begins with the number."""
    size = read_exactly(connection, 4)
    return size + read_exactly(connection, struct.unpack(">i", size)[0])


class Connection:
    """One of a client, and the one to the broker that belongs to it."""

    def __init__(self, client, broker):
        self.client, self.broker = client, broker
        self.asked = collections.deque()  # APIs of the requests on the way, in order: a broker answers in order
        self.writing = threading.Lock()   # guards sending to the client

    def close(self):
        for one in (self.client, self.broker):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def to_client(self, frame):
        with self.writing:
            self.client.sendall(frame)


class Rule:
    def __init__(self, verb, what, api, count):
        self.verb, self.what, self.api, self.count = verb, what, api, count
        self.struck = 0

    def fits(self, what, api):
        return (self.what, self.api) == (what, api) and self.struck < self.count


class Proxy:
    """What a rule does to a request, or to the answer of one:

        lose    it never arrives; the connection stays, and whoever waits has to lose patience
        cut     it never arrives, and the connection breaks
        hold    a request only: the connection breaks, and the request arrives when `release` says so, as a packet does that took
            another way
        delay   a request only: the connection stays; it is overtaken by what follows, and arrives when `heal` says so

    A rule strikes `count` times."""

    def __init__(self, broker_port):
        self.broker_port = broker_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.changed = threading.Condition()
        # Guarded by `changed`:
        self.rules = []
        self.newest = None  # of them
        self.held = []     # frames
        self.delayed = []  # (frame, connection)
        threading.Thread(target=self._accept, daemon=True).start()

    def make_rule(self, verb, what, api, count):
        with self.changed:
            self.newest = Rule(verb, what, api, count)
            self.rules.append(self.newest)

    def heal(self):
        with self.changed:
            self.rules = []
            delayed, self.delayed = self.delayed, []
        for frame, connection in delayed:
            answer = self._deliver(frame)
            try:
                connection.to_client(answer)
            except OSError:
                pass  # it did not wait for it

    def await_struck(self, count):
        """How often the newest rule has struck; waits until it is `count`."""
        with self.changed:
            self.changed.wait_for(lambda: self.newest.struck >= count, PATIENCE_S)
            return self.newest.struck

    def release(self):
        """Lets what is held arrive, in order, and returns the error codes that the broker answers with (of EndTxn)."""
        with self.changed:
            held, self.held = self.held, []
        return [struct.unpack_from(">h", self._deliver(frame), ERROR_AT)[0] for frame in held]

    def _deliver(self, frame):
        with socket.create_connection(("127.0.0.1", self.broker_port), timeout=PATIENCE_S) as broker:
            broker.sendall(frame)
            return read_frame(broker)

    def _strikes(self, what, api, frame, connection):
        """The verb, when a rule is for this one."""
        with self.changed:
            rule = next((one for one in self.rules if one.fits(what, api)), None)
            if rule is None:
                return None
            rule.struck += 1
            if rule.verb == "hold":
                self.held.append(frame)
            if rule.verb == "delay":
                self.delayed.append((frame, connection))
            self.changed.notify_all()
            return rule.verb

    def _accept(self):
        while True:
            client, _ = self.listener.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                broker = socket.create_connection(("127.0.0.1", self.broker_port))
            except OSError:
                client.close()
                continue
            broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(client, broker)
            for carry in (self._carry_requests, self._carry_answers):
                threading.Thread(target=self._until_it_breaks, args=(carry, connection), daemon=True).start()

    @staticmethod
    def _until_it_breaks(carry, connection):
        try:
            carry(connection)
        except (OSError, ConnectionError):
            connection.close()

    def _carry_requests(self, connection):
        while True:
            frame = read_frame(connection.client)
            api = struct.unpack(">h", frame[4:6])[0]
            verb = self._strikes("request", api, frame, connection)
            if verb in ("cut", "hold"):
                raise ConnectionError(verb)
            if verb is None:
                connection.asked.append(api)
                connection.broker.sendall(frame)

    def _carry_answers(self, connection):
        while True:
            frame = read_frame(connection.broker)
            verb = self._strikes("answer", connection.asked.popleft(), frame, connection)
            if verb == "cut":
                raise ConnectionError(verb)
            if verb is None:
                connection.to_client(frame)

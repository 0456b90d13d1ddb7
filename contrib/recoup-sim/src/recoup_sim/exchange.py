"""The venue without a network: a request in, an answer out."""

from __future__ import annotations

import threading
from operator import attrgetter
from typing import TYPE_CHECKING

from attrs import define, evolve, frozen

from recoup_sim.answers import Answer, Delivery, VenueError, filter_failure, html_answer, json_answer
from recoup_sim.faults import Fault, HidingFault, RefusingFault, RequestKind
from recoup_sim.gate import Gate
from recoup_sim.injector import FaultInjector
from recoup_sim.ledger import Ledger, ReceivedRequest, Rejection, intent_of
from recoup_sim.matching import ClientIdRule, Fill, MatchingEngine
from recoup_sim.order_faults import FillBeforeCancel, LateAcceptance, PartialFill
from recoup_sim.order_routes import client_order_id, find_order
from recoup_sim.orders import Order, Ticket, parse_ticket
from recoup_sim.routes import ROUTES, Route
from recoup_sim.signing import Credentials, SignedRequest, authenticate, parse_parameters
from recoup_sim.venue_time import VenueTime
from recoup_sim.window_faults import Maintenance, Outage, WindowFault
from recoup_sim.wire import order_accepted

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from decimal import Decimal

    from recoup.clock import Clock
    from recoup_sim.gate import RateLimits
    from recoup_sim.maintenance import Announcement
    from recoup_sim.markets import Market
    from recoup_sim.plan import FaultPlan


@frozen(kw_only=True)
class Desk:
    """What the endpoints work on; passed to each handler under the exchange's lock."""

    engine: MatchingEngine
    gate: Gate
    time: VenueTime
    fee_rate: Decimal
    announced: tuple[Announcement, ...]


@define(kw_only=True)
class _Visit:
    """One request on its way through the exchange."""

    request: VenueRequest
    received_at: datetime
    params: Mapping[str, str]
    client_order_id: str | None = None
    fault: Fault | None = None
    window: str | None = None

    @property
    def fault_kind(self) -> str | None:
        return None if self.fault is None else self.fault.kind


@frozen(kw_only=True)
class _LateOrder:
    due: float
    ticket: Ticket
    visit: _Visit


@frozen(kw_only=True)
class VenueRequest:
    """An HTTP request as data. A value, so safe to share between threads and tasks.

    Attributes:
        method: HTTP method.
        path: URL path, without the query.
        signed: Query, body and key.
    """

    method: str
    path: str
    signed: SignedRequest


class Exchange:
    """Matching, balances, limits, faults and ledger behind one lock. Thread-safe and task-safe.

    Args:
        clock: Where windows read the time.
        plan: The faults.
        seed: Decides every chance.
        balances: Free amount of each asset at the start.
        markets: The symbols listed.
        limits: How much the venue takes.
        fee_rate: Commission as a share of what a fill brings in.
        credentials: The key pair accepted.
        max_orders: How many orders the venue takes in all; then it refuses with -1013 EXCHANGE_MAX_NUM_ORDERS.
        client_id_rule: Which client ids it refuses as duplicates.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        plan: FaultPlan,
        seed: int,
        balances: Mapping[str, Decimal],
        markets: Iterable[Market],
        limits: RateLimits,
        fee_rate: Decimal,
        credentials: Credentials,
        max_orders: int,
        client_id_rule: ClientIdRule,
    ) -> None:
        self._lock = threading.Lock()
        self._credentials = credentials
        self._ledger = Ledger()
        self._time = VenueTime(clock)
        self._gate = Gate(limits=limits, time=self._time, ledger=self._ledger)
        self._engine = MatchingEngine(
            markets=markets,
            balances=balances,
            fee_rate=fee_rate,
            max_orders=max_orders,
            client_id_rule=client_id_rule,
        )
        self._injector = FaultInjector(plan.of_venue(), seed=seed, max_intents=max_orders)
        told = (fault.announcement for fault in plan.faults if isinstance(fault, Maintenance))
        announced = tuple(window for window in told if window is not None)
        self._desk = Desk(engine=self._engine, gate=self._gate, time=self._time, fee_rate=fee_rate, announced=announced)
        self._max_late = max_orders
        self._late: list[_LateOrder] = []
        self._unnamed = 0

    def handle(self, request: VenueRequest) -> Answer:
        """Serve one request, and record it."""
        with self._lock:
            self._settle(self._time.seconds())
            self._open_windows()
            visit = _Visit(request=request, received_at=self._time.now(), params={})
            answer = self._serve(visit)
            self._record(visit, answer)
            return evolve(answer, headers={**self._gate.headers(), **answer.headers})

    def refuses_connections(self) -> bool:
        """Tell whether nobody should listen now."""
        with self._lock:
            self._open_windows()
            return self._gate.refuses_connections()

    def settle(self) -> Ledger:
        """Carry out late acceptances that are due, and return the ledger."""
        with self._lock:
            self._settle(self._time.seconds())
        return self._ledger

    def settle_all(self) -> None:
        """Carry out every late acceptance at once, as a venue does after the client has gone."""
        with self._lock:
            self._settle(float("inf"))

    def set_price(self, symbol: str, price: Decimal) -> None:
        """Move the reference price of ``symbol``, and fill the resting orders that it crosses.

        Raises:
            VenueError: -1121 or -1013 for a symbol or price that the venue doesn't know.
        """
        with self._lock:
            self._settle(self._time.seconds())
            self._ledger.record_fills(self._engine.set_price(symbol, price, self._time.server_ms()))

    def fill(self, client_order_id: str, quantity: Decimal) -> None:
        """Fill a part of a resting order at its limit.

        Raises:
            VenueError: -2011 where no such order is open, -1013 for a quantity off the lot or above what remains.
        """
        with self._lock:
            self._settle(self._time.seconds())
            self._ledger.record_fills([self._engine.fill_resting(client_order_id, quantity, self._time.server_ms())])

    def _open_windows(self) -> None:
        for fault, until in self._injector.opening_windows(self._time.seconds()):
            fault.strike(self._gate, self._time, until)

    def _serve(self, visit: _Visit) -> Answer:
        request = visit.request
        route = ROUTES.get((request.method, request.path))
        if route is None:
            return html_answer("404 Not Found", status=404)
        try:
            down = self._gate.outage()
            if down is not None:
                visit.window = down.window
                return down.answer
            visit.params = parse_parameters(request.signed.query, request.signed.body)
            if route.kind is not None:
                visit.client_order_id = client_order_id(self._desk, visit.params)
            refused = self._refuse_at_gate(visit, route)
            return self._admit(visit, route) if refused is None else refused
        except VenueError as error:
            return self._refuse(visit, route, error)

    def _refuse_at_gate(self, visit: _Visit, route: Route) -> Answer | None:
        refusal = None if route.always_open else self._gate.admit(route.weight(visit.params), route.kind, visit.params)
        if refusal is None:
            return None
        visit.window = refusal.window
        return refusal.answer

    def _admit(self, visit: _Visit, route: Route) -> Answer:
        if route.signed:
            self._authenticate(visit)
        if route.kind is None:
            return self._execute(visit, route)
        intent = visit.request.path if visit.client_order_id is None else intent_of(visit.client_order_id)
        visit.fault = self._injector.choose(route.kind, intent, now=self._time.seconds())
        match visit.fault:
            case Outage() as fault:
                answer = self._go_down(visit, route, fault)
            case WindowFault() as fault:
                answer = self._strike(visit, route, fault)
            case RefusingFault() as fault:
                answer = fault.answer()
            case FillBeforeCancel() as fault:
                self._fill_first(visit, fault)
                answer = self._execute(visit, route)
            case LateAcceptance() as fault:
                answer = self._defer(visit, fault)
            case HidingFault() as fault:
                answer = fault.disguise(self._execute_or_refuse(visit, route))
            case _:
                answer = self._execute(visit, route)
        return answer

    def _authenticate(self, visit: _Visit) -> None:
        authenticate(
            visit.request.signed, visit.params, credentials=self._credentials, server_ms=self._time.server_ms()
        )

    def _go_down(self, visit: _Visit, route: Route, fault: Outage) -> Answer:
        if fault.executes:
            self._execute_or_refuse(visit, route)
        fault.strike(self._gate, self._time, self._end_of(fault))
        return Answer(status=0, delivery=Delivery.RESET)

    def _fill_first(self, visit: _Visit, fault: FillBeforeCancel) -> None:
        order = find_order(self._desk, visit.params) if "symbol" in visit.params else None
        if order is not None and order.is_open:
            lot = order.market.step_size
            quantity = order.remaining * fault.fraction // lot * lot
            if quantity:
                self._ledger.record_fills([self._engine.fill(order, quantity, self._time.server_ms())])

    def _end_of(self, fault: WindowFault) -> float | None:
        return None if fault.duration is None else self._time.seconds() + fault.duration

    def _strike(self, visit: _Visit, route: Route, fault: WindowFault) -> Answer:
        fault.strike(self._gate, self._time, self._end_of(fault))
        refusal = self._gate.refusal(route.kind, visit.params)
        if refusal is not None:
            return refusal.answer
        self._authenticate(visit)
        return self._execute(visit, route)

    def _execute_or_refuse(self, visit: _Visit, route: Route) -> Answer:
        try:
            return self._execute(visit, route)
        except VenueError as error:
            return self._refuse(visit, route, error)

    def _execute(self, visit: _Visit, route: Route) -> Answer:
        if route.handler is not None:
            return json_answer(route.handler(self._desk, visit.params))
        return json_answer(order_accepted(self._submit(visit, self._ticket(visit))))

    def _ticket(self, visit: _Visit) -> Ticket:
        self._unnamed += 1
        ticket = parse_ticket(visit.params, default_client_id=f"venue{self._unnamed}")
        visit.client_order_id = ticket.client_order_id
        self._gate.admit_order()
        return ticket

    def _submit(self, visit: _Visit, ticket: Ticket) -> Order:
        fill = Fill()
        if isinstance(visit.fault, PartialFill):
            fill = Fill(share=visit.fault.fraction, trades=visit.fault.trades)
        order = self._engine.submit(ticket, time_ms=self._time.server_ms(), fill=fill)
        self._gate.count_order()
        self._ledger.record_acceptance(
            order, received_at=visit.received_at, accepted_at=self._time.now(), fault=visit.fault_kind
        )
        self._ledger.record_fills(order.trades)
        return order

    def _defer(self, visit: _Visit, fault: LateAcceptance) -> Answer:
        ticket = self._ticket(visit)
        if len(self._late) >= self._max_late:
            raise filter_failure("EXCHANGE_MAX_NUM_ORDERS")
        self._late.append(_LateOrder(due=self._time.seconds() + fault.delay, ticket=ticket, visit=visit))
        return fault.answer()

    def _settle(self, now: float) -> None:
        due = sorted((late for late in self._late if late.due <= now), key=attrgetter("due"))
        self._late = [late for late in self._late if late.due > now]
        for late in due:
            try:
                self._submit(late.visit, late.ticket)
            except VenueError as error:
                self._reject(late.visit, error)

    def _refuse(self, visit: _Visit, route: Route, error: VenueError) -> Answer:
        if route.kind is RequestKind.SUBMIT:
            self._reject(visit, error)
        return error.answer()

    def _reject(self, visit: _Visit, error: VenueError) -> None:
        name = visit.client_order_id or ""
        self._ledger.record_rejection(
            Rejection(
                at=self._time.now(),
                client_order_id=name,
                intent=intent_of(name),
                code=error.code,
                message=error.message,
            )
        )

    def _record(self, visit: _Visit, answer: Answer) -> None:
        self._ledger.record_request(
            ReceivedRequest(
                received_at=visit.received_at,
                method=visit.request.method,
                path=visit.request.path,
                client_order_id=visit.client_order_id,
                status=answer.status,
                fault=visit.fault_kind,
                window=visit.window,
            )
        )

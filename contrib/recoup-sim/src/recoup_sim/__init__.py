"""A simulated trading venue on loopback that fails the way venues fail."""

from recoup_sim.answers import VenueError
from recoup_sim.faults import Fault, RequestKind
from recoup_sim.gate import RateLimits
from recoup_sim.kinds import KINDS
from recoup_sim.ledger import AcceptedOrder, BanEntry, Ledger, ReceivedRequest, Rejection, intent_of
from recoup_sim.maintenance import MaintenanceMode
from recoup_sim.markets import DEFAULT_MARKETS, Market
from recoup_sim.matching import ClientIdRule
from recoup_sim.order_faults import Crash, CrashPoint
from recoup_sim.plan import FaultPlan, FaultPlanError
from recoup_sim.presets import ALL_FAULTS, DEFAULT_FAULTS
from recoup_sim.signing import Credentials
from recoup_sim.thread import VenueThread
from recoup_sim.venue import DEFAULT_BALANCES, SimulatedVenue

__all__ = [
    "ALL_FAULTS",
    "DEFAULT_BALANCES",
    "DEFAULT_FAULTS",
    "DEFAULT_MARKETS",
    "KINDS",
    "AcceptedOrder",
    "BanEntry",
    "ClientIdRule",
    "Crash",
    "CrashPoint",
    "Credentials",
    "Fault",
    "FaultPlan",
    "FaultPlanError",
    "Ledger",
    "MaintenanceMode",
    "Market",
    "RateLimits",
    "ReceivedRequest",
    "Rejection",
    "RequestKind",
    "SimulatedVenue",
    "VenueError",
    "VenueThread",
    "intent_of",
]

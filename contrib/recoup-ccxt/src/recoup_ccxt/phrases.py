"""What venues say in words, whatever class ccxt makes of it.

The phrases were gathered from the texts and the documented meanings in the error maps of ccxt's hundred exchanges. They
are searched in :meth:`recoup_ccxt.message.Message.words`: lower case, without URL, JSON keys and punctuation. Every gap
is bounded, so that the search takes linear time in texts that anybody may have written.
"""

from __future__ import annotations

import re
from enum import Enum

LONGEST = 1024
"""Characters of a message that are read as prose."""


class Phrase(Enum):
    """A meaning that can be read in an answer; its value are the patterns for it."""

    TIMEOUT = (
        r"time ?out(?! of)|timed out",
        r"deadline (?:elapsed|exceeded)|before the deadline",
        r"not .{0,40}\bin time\b",
    )
    """It took too long, and nobody knows what became of the request."""

    OPEN = (
        r"status (?:is )?unknown|unknown (?:error|exception|reason)|^unknown$",
        r"may or may not|does not indicate",
        r"inter(?:n)?al (?:\w{1,12} )?(?:error|failure|exception)",
        r"(?:server|service|system|engine|rpc|database) (?:error|exception|fail)",
        r"system (?:abnormality|is abnormal)|gateway|(?:server|system) (?:is )?busy",
        r"unexpected (?:error|response|resp|exception)|some general failure",
        r"being processed|is processing|submitted to the system|in flight",
        r"(?:order|request|operation) processing|partially succe",
    )
    """Nobody knows what became of the request, or it is still being worked on."""

    BUSY = (r"\bbusy\b|overload|queue|try again (?:in|later)",)
    """The venue has too much to do; it does not say that the request was left undone."""

    CLOCK = (
        r"outside (?:of )?(?:the )?recv ?window|(?:receive|recv) ?window .{0,60}exceeded|me recv ?window",
        r"ahead of (?:the )?server|timestamp for (?:this|self) request",
        r"timestamp (?:request )?(?:has |is )?(?:expired|in the future)",
        r"timestamp in header or signature has expired",
        r"request (?:timestamp )?(?:has |is )?expired(?! or bad)",
        r"req(?:uest)? time .{0,20}difference|clock (?:skew|drift)",
    )
    """The request's own time is not what the venue takes; it was refused for that alone."""

    DUPLICATE = (
        r"duplicat\w{0,4} (?:\w{1,12} ){0,2}(?:order|client|cl ?ord|oid|request|tran|external|move)\w{0,3}",
        r"(?:client|order|cl ?ord|linked|link) ?(?:id|oid|index) .{0,40}(?:duplicat|repeat|already)",
        r"(?:request|tran|algo) ?(?:id|key) .{0,40}(?:duplicat|repeat|already)",
        r"(?:cl ?ord|client|order) ?id .{0,40}in use",
        r"(?:client|order)(?: order)? (?:oid|id) (?:is )?(?:duplicat|repeat|already)",
        r"\b\w?oid duplicate|idempotency key .{0,40}already|identical external id",
        r"(?:request|order) (?:id )?(?:is |was )?(?:duplicat|repeat)",
        r"repeated (?:\w{1,12} )?(?:request|creation|order)|already been processed",
    )
    """The venue knows an order or a request under this id already: evidence that an earlier send was accepted."""

    AUTH = (
        r"api ?keys?\b|access key|session key|passphrase|credential|\bjwt\b",
        r"(?:invalid|bad|wrong|incorrect|check|match) .{0,12}sign(?:ature)?\b",
        r"sign(?:ature)? .{0,24}(?:invalid|valid|fail|error|mismatch|incorrect|wrong|illegal|match)",
        r"unauthori[sz]ed|unauthenticated|authenticat|\blog ?in\b|logged in",
    )
    """Key, signature or session."""

    KEY_REFUSED = (
        r"(?:invalid|wrong|unknown|incorrect|expired) (?:api ?key|access key|sign(?:ature)?\b)",
        r"(?:api ?key|signature|access key) .{0,12}(?:invalid|expired|not valid|not exist|not found)",
        r"(?:api ?key|signature|access key) .{0,12}(?:mismatch|incorrect)",
        r"unauthori[sz]ed|permissions? for (?:this )?action|(?:no|without|lacks) permission",
    )
    """The key is refused, in words that leave no doubt."""

    PERMISSION = (
        r"permission|forbid|not (?:allowed|permitted|authori[sz]ed)|prohibit|denied",
        r"not .{0,10}white ?list|blacklist|\bkyc\b|identity|country|\bregion|restricted|risk control",
        r"(?:account|user|api|member)\w{0,2} .{0,30}(?:frozen|locked|suspend|disabled|banned|blocked)",
        r"(?:account|user|api|member|function|feature)\w{0,2} .{0,30}(?:suspend|abnormal|inactive|invalid)",
    )
    """The account or the address may not do this."""

    FUNDS = (
        r"insufficient(?! (?:permission|privilege|scope|liquidity|depth|right))|cannot ?afford|is not sufficient",
        r"(?:balance|funds?|margin|collateral|assets?) .{0,24}(?:not enough|not sufficient|too low|exceeded)",
        r"not (?:have )?(?:enough|sufficient) (?:\w{1,12} )?(?:balance|fund|margin|asset|money|collateral|available)",
        r"exceeds? (?:the |your )?(?:available )?(?:balance|collateral)|below (?:initial|maintenance) margin",
    )
    """The account does not hold what the order takes."""

    RATE = (
        r"too many (?:\w{1,12} )?(?:requests?|calls|visits|operations)\b|too many new orders",
        r"too (?:frequent|fast\b)|\brate ?limit|throttl|slow down|too much request weight",
        r"frequency .{0,24}(?:limit|exceed|too high)|frequency is too high",
        r"(?:exceed|over)\w{0,4} .{0,24}(?:frequency|requests?\b)|more than \d{1,4} requests? in",
    )
    """More requests, or orders, than the venue takes in a while; this one was refused unread."""

    THROTTLED = (
        r"too many requests\b|too many new orders|too frequent|too much request weight|requests? throttled",
        r"(?:request|order|api|ip) rate limit",
    )
    """The same in words that leave no doubt, even where ccxt's class says nothing of it."""

    BAN = (r"\bbanned\b|\bban expires\b|lockout|temporar\w{1,3} block",)
    """Silenced for a while."""

    COUNT = (
        r"(?:open|stop|pending|margin) orders?|no more stops|stop order|order size|batch",
        r"max(?:imum)? (?:num|number|open|stop|position)|number of (?:stop|open)",
        r"subscri|connections|accounts|subaccount|addr count|daily|24 hour|premium",
    )
    """A limit on how much there may be at a time or in a day, which waiting a moment does not change."""

    MAINTENANCE = (
        r"maintenance(?! margin)|maintenane|\bmaintain\b(?! margin)|temporarily maintained|migration in progress",
        r"(?:system|server|engine|service) .{0,16}upgrad",
    )
    """The venue, or the market, takes no orders for now."""

    CANCEL_ONLY = (r"cancel[ _-]?only|post[ _-]?only mode",)
    """It takes cancels alone for now, or orders that rest."""

    CLOSED = (
        r"market is closed|\bno trading\b|trading (?:is )?(?:not enabled|paused|halted|suspended)|not enabled",
        r"halted|paused|disabled|inactive|not active|already ended|not found|no longer available|yet to open",
    )
    """What was asked for is not there, or shut, as against a venue that can't be reached."""

    MALFORMED = (r"must less than|needs to be|\brequest id",)
    """A time or a nonce of the wrong form, which no clock mends."""

    SESSION = (r"session key",)
    """A key that has to be made anew."""

    REUSED = (r"signature already used",)
    """The very same request came before."""

    ADDRESS = (r"duplicate ip\b",)
    """An address that is on a list already."""

    REFUSED = (
        r"invalid|illegal|incorrect|\bwrong\b|malformed|unsupported|unrecogni[sz]ed|mismatch|unmatched|not match",
        r"\bno[tn]? (?:be|a|an|in|on|yet|so|the|for|valid|support\w{0,3}|allow\w{0,2}|exist|found|availa?ble)\b",
        r"\bno[tn]? (?:permitted|mergeable|authori[sz]ed|open\w{0,2}|enabled|eligible|meet|met|owned)\b",
        r"\bno[tn]? (?:need|needed|used)\b",
        r"\bno[tn]? (?:active|initiali[sz]ed|configured|possible|tradable|satisfied|equal|same|hold|enough|modified)\b",
        r"\bno[tn]? (?:empty|positive|able|required|received|purchase|trading|apply|have)\b",
        r"\bno (?:position|record|last|limit|stop|trail|iceberg|orders?|more|net|trade|updates|change|direct)",
        r"\bno (?:documented|counter|matched|address|such|result|longer|single|depth)",
        r"does ?nt|do ?nt (?:exist|have)|not exist|havent|isnt|arent|cant\b|cannot|can not|couldnt|could not be placed",
        r"unable to (?:take|adjust|repay|validate|place)|\bmust\b|should|required|missing|\bneeds? to\b",
        r"please (?:transfer|enable|create|cancel|re choose)|exceed|surpass|breach|at least|up to \d|more than",
        r"(?:less|greater|lower|higher|larger|smaller|bigger) than|no (?:less|more|greater) than|larger",
        r"too (?:small|large|low|high|long|much|short|big|many)|minimum|maximum|\bmin\b|\bmax\b|limits?\b|limited",
        r"reached|\brange\b|reject|refused|only (?:support|available|process|be|check|have|\d)|you can only",
        r"only .{0,24}(?:can|has|may|account)|disabled|closed|suspended|paused|halted|delist|settling|settlement",
        r"expired|already|frozen|\bbanned\b|\blocked\b|is lock|liquidat|blocked|inactive|restrict|reduce ?only",
        r"empty|null|blank|precision|decimal|format|either|conflict|collision|parameter error|failure of|stopped",
        r"switched off|deprecated|offline|unusual",
        r"open orders? exist|have open|you have (?:no|open|pending|outstanding)",
        r"per order limit|per transaction|not .{0,12}(?:sub ?account|kol)",
    )
    """The venue says why it did not do what it was asked to."""


_COMPILED = {phrase: re.compile("|".join(phrase.value)) for phrase in Phrase}


def says(phrase: Phrase, words: str) -> bool:
    """Say whether a text says it."""
    return _COMPILED[phrase].search(words) is not None

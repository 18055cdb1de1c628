"""What forms did, in the words of the page that follows them (``sessions.go``)."""

from enum import StrEnum


class Done(StrEnum):
    """What the page after a form says once: that it did what it is for, or why it did nothing."""

    SAVED = "That is saved."
    PASSWORD_CHANGED = "Your password is changed. Every other browser and every program is signed out."  # noqa: S105 - said of one
    PROGRAM_ENDED = "That program may do nothing here any more."
    PASSWORD_CHOSEN = "Your password is saved. Sign in with it from now on."  # noqa: S105 - said of one
    EMAIL_ASKED = "Letters are on their way: open the link in the one to your new address."
    LETTER_SENT = "Almost there: a letter is on its way to you. Open the page it names, then sign in."
    APPROVAL_ASKED = "Almost there: an administrator looks at your request. You can sign in as soon as it is approved."
    LETTER_SENT_APPROVAL_ASKED = (
        "Almost there: a letter is on its way to you. Open the page it names to confirm that the address is yours. "
        "You can sign in as soon as an administrator approves your request, too."
    )
    CONFIRMED = "Your e-mail address is confirmed. You can sign in now."
    CONFIRMED_BEFORE_APPROVAL = (
        "Your e-mail address is confirmed. You can sign in as soon as an administrator lets you in."
    )
    RESET_ASKED = "If somebody here has this address, a letter with a link is on its way to it."
    PASSWORD_RESET = "Your new password is set. Sign in with it."  # noqa: S105 - said of one
    EMAIL_CHANGED = "Your new e-mail address is in use from now on."
    EMAIL_KEPT = "Your e-mail address stays. A letter is on its way with which you choose a new password."
    INVITED = "The invitation is made. Send its link to one person."
    INVITATION_TAKEN_BACK = "The invitation is taken back. Its link lets nobody in any more."
    APPROVED = "They are let in."
    TURNED_AWAY = "They are turned away."
    ALIAS_ADDED = "That account is named here. Start the move there."
    ALIAS_REMOVED = "That account is not named here any more."
    MOVED = "Your account has moved. Whoever follows it is asked to follow the new one."
    MOVE_CANCELLED = "You use this account again."
    OFFERED = "The offer is made, and is sent to the other side now."
    OFFER_ACCEPTED = "The offer is accepted. Both sides compare the fingerprint next, and approve."
    OFFER_DECLINED = "The offer is declined."
    OFFER_WITHDRAWN = "The offer is withdrawn."
    PARTNERSHIP_APPROVED = "The partnership is approved here."
    SUSPENDED = "The partnership is suspended: nothing passes."
    SUSPENSION_PLANNED = "The suspension is planned, and the other side is told now."
    SUSPENSION_CALLED_OFF = "The suspension is called off."
    RESUMED = "Your suspension is ended."
    REVOKED = "The partnership is over."
    SIGNED_OUT = "Nothing was done: you were signed out meanwhile. Sign in, and repeat."
    DECIDED = "That is decided."

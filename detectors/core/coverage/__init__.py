"""How well this feed hears: who was heard in which slot, where, by whom; and what a silence is worth."""

"""How well this feed hears vessels: which were heard in which slot, where and by which station; what a
silence means."""

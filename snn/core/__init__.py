"""What everything else stands on: refusals, atomic files, strict models, late imports, seeds. No torch."""

"""An experiment as jobs: plan, digests, execution, provenance, release. No torch until a job runs."""

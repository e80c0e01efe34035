"""Networks in the field's exchange format, NIR (Pedersen et al., Nat. Commun. 2024), through the `nir` package.

NIR speaks of continuous time; both sides here take Euler steps of dt:

    tau dv/dt = v_leak - v + R I    ->    u[t] = (1 - dt/tau) v[t-1] + (dt R/tau) I[t] + dt v_leak/tau
    dv/dt = R I                     ->    u[t] = v[t-1] + dt R I[t]
    z = 1 if u > threshold,  v = v_reset if z = 1 else u

which is a neuron of `spec.Neuron` with decay 1 - dt/tau and reset "zero", looked at before its leak. What a NIR graph
does not say travels in its metadata (strings): steps, dt, encoding, read-out.
"""

DT = 1.0  # of what is written here

-- Hold the lease for as long as a batch may take, before it is paid for. Grain: the lease (one row).
{% include 'embed/parts/renew_lease.sql' %}

# Copyright (c) 2026, hardway.calico founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Adapter to DNS, where etcd's members may be found by SRV records."""

from __future__ import annotations

from ansible_collections.hardway.calico.plugins.module_utils._errors import CalicoError

SECONDS = 10
# As etcd's own client asks (client/pkg/srv, GetClient), but the members with TLS are taken alone where there are any,
# and those without only where DNS says that there are none: a lost question must not cost the encryption.
SERVICES = (("https", "_etcd-client-ssl._tcp."), ("http", "_etcd-client._tcp."))


def members(domain: str) -> list[str]:
    """The addresses of a domain's members, the preferred ones first. Raises CalicoError where there are none."""
    try:
        import dns.exception
        import dns.resolver
    except ImportError as exc:
        raise CalicoError(
            "The Python package dnspython cannot be imported",
            expected="dnspython >= 2.6 for the Python of the API host, with etcd_discovery_srv",
            found=exc,
            remedy="pip install dnspython on the API host, or give etcd_endpoints",
        ) from exc
    failures = []
    for scheme, service in SERVICES:
        try:
            found = dns.resolver.resolve(service + domain, "SRV", lifetime=SECONDS)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer) as exc:
            failures.append("%s%s: %s" % (service, domain, exc))
            continue
        except dns.exception.DNSException as exc:
            failures.append("%s%s: %s" % (service, domain, exc))
            break
        records = sorted((each.priority, -each.weight, each.target, each.port) for each in found)
        return [
            "%s://%s:%d" % (scheme, target.to_text(omit_final_dot=True), port)
            for _priority, _weight, target, port in records
        ]
    raise CalicoError(
        "etcd_discovery_srv: DNS names no members of etcd in %s" % domain,
        expected="SRV records of _etcd-client-ssl._tcp.%s" % domain,
        found="; ".join(failures),
        remedy="correct the domain or its records, or give etcd_endpoints",
    )

//! Networks of IP addresses, written `10.0.0.0/8` or `2001:db8::/32`.

use std::net::IpAddr;

/// A network: an address and how many of its bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// `None` where the text is no network.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits: u32 = bits.parse().ok()?;
        (bits <= size(address)).then_some(Network { address, bits })
    }

    /// Whether the text is an address within.
    pub fn contains(&self, text: &str) -> bool {
        let Ok(address) = text.parse::<IpAddr>() else { return false };
        size(address) == size(self.address) && self.shared(address) == self.shared(self.address)
    }

    /// The bits that count.
    fn shared(&self, address: IpAddr) -> u128 {
        let (value, size) = (number(address), size(address));
        if self.bits == 0 { 0 } else { value >> (size - self.bits) }
    }

    /// An address within, for examples.
    pub fn example(&self) -> String {
        self.address.to_string()
    }
}

fn size(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(a) => u128::from(u32::from(a)),
        IpAddr::V6(a) => u128::from(a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_within_their_networks_alone() {
        let net = Network::parse("10.0.0.0/24").expect("a network");
        assert!(net.contains("10.0.0.255") && !net.contains("10.0.1.0") && !net.contains("::1") && !net.contains("aws"));
        assert!(Network::parse("0.0.0.0/0").expect("all").contains("203.0.113.9"));
        assert!(Network::parse("2001:db8::/32").expect("v6").contains("2001:db8::1"));
        for wrong in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0.0/-1", ""] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}

//! Amounts of bytes as Kubernetes writes them: `64Mi`, `1.5G`, `65536`. Pure.

/// The bytes, or `None` when the text is no such amount or too large a one.
pub fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit: u64 = match unit {
        "" => 1,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction.parse::<u64>().ok()?.checked_mul(unit)? / scale;
    whole.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_quantity_is_read_as_kubernetes_reads_it() {
        for (text, bytes) in [
            ("64Mi", Some(64 << 20)),
            ("1.5Gi", Some(3 << 29)),
            ("65536", Some(65_536)),
            ("100k", Some(100_000)),
            ("1M", Some(1_000_000)),
            ("64MB", None),
            ("64 Mi", None),
            ("-1", None),
            ("1.Gi", None),
            ("", None),
            ("99999999999999999999Gi", None),
            ("0.00000000000000000000001Gi", None),
        ] {
            assert_eq!(parse(text), bytes, "{text}");
        }
    }
}

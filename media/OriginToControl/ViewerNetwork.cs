using System.Net;
using System.Net.Sockets;

namespace Broadcast.Media.OriginToControl;

/// <summary>
/// Address or network to which a viewer token is bound: <c>4</c> or <c>6</c>, then the significant hexadecimal digits of the address.
/// <c>4cb007105</c> is 203.0.113.5, <c>4cb0071</c> is 203.0.113.0/24, <c>620010db800000000</c> is 2001:db8::/64. Dots and colons are
/// avoided because they have other meanings in a path.
/// </summary>
public readonly record struct ViewerNetwork
{
    /// <summary>Maximum length in characters.</summary>
    public const int MaxLength = 33;

    private readonly string? _value;

    private ViewerNetwork(string value) => _value = value;

    /// <summary>The text form used in tokens.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses the text form of a token, in lower case; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ViewerNetwork network)
    {
        network = default;
        if (text.Length is < 2 or > MaxLength || text[0] is not ('4' or '6') || (text[0] == '4' && text.Length > 9)
            || text[1..].ContainsAnyExcept("0123456789abcdef"))
        {
            return false;
        }

        network = new(text.ToString());
        return true;
    }

    /// <summary>
    /// Parses user input: <c>203.0.113.5</c>, <c>203.0.113.0/24</c>, <c>2001:db8::/64</c>. The prefix length must be a multiple of 4. An
    /// IPv6 address without a prefix length becomes its /64, because browsers change the lower bits regularly.
    /// </summary>
    /// <returns><see langword="false"/> when the text is invalid.</returns>
    public static bool TryParseUserInput(string? text, out ViewerNetwork network)
    {
        network = default;
        if (text is null || text.Length > 50)
        {
            return false;
        }

        // The library parses "203.0.113" as an address, but not as the intended one.
        if (IPAddress.TryParse(text, out var address) && (text.Contains(':') || text.Count(c => c == '.') == 3))
        {
            if (address.IsIPv4MappedToIPv6)
            {
                address = address.MapToIPv4();
            }

            network = Of(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 64);
            return true;
        }

        if (!IPNetwork.TryParse(text, out var parsed) || parsed.PrefixLength is 0 || parsed.PrefixLength % 4 != 0)
        {
            return false;
        }

        network = Of(parsed.BaseAddress, parsed.PrefixLength);
        return true;
    }

    /// <summary>Returns whether an address is in the network; <see langword="false"/> for an unknown address.</summary>
    public bool Contains(IPAddress? address)
    {
        if (address is null || _value is null)
        {
            return false;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        var bits = (_value.Length - 1) * 4;
        return (address.AddressFamily == AddressFamily.InterNetwork) == (_value[0] == '4') && Of(address, bits).Value == _value;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;

    private static ViewerNetwork Of(IPAddress address, int bits)
    {
        var digits = Convert.ToHexStringLower(address.GetAddressBytes());
        return new((address.AddressFamily == AddressFamily.InterNetwork ? "4" : "6") + digits[..(bits / 4)]);
    }
}

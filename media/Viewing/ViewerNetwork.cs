using System.Net;
using System.Net.Sockets;

namespace Broadcast.Media;

/// <summary>
/// Where a viewer may be: an address or a network, as a token carries it. <c>4</c> or <c>6</c>, then the address in hexadecimal digits, as many as count: <c>4cb007105</c> is 203.0.113.5,
/// <c>4cb0071</c> is 203.0.113.0/24, <c>620010db800000000</c> is 2001:db8::/64. Points and colons have other meanings in a path.
/// </summary>
public readonly record struct ViewerNetwork
{
    /// <summary>Longest text, in characters.</summary>
    public const int MaxLength = 33;

    private readonly string? _value;

    private ViewerNetwork(string value) => _value = value;

    /// <summary>The text.</summary>
    public string Value => _value ?? "";

    /// <summary>Reads the text of a token; <see langword="false"/> when it is not one. Digits are lower case.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ViewerNetwork network)
    {
        network = default;
        if (text.Length is < 2 or > MaxLength || text[0] is not ('4' or '6') || (text[0] == '4' && text.Length > 9) || text[1..].ContainsAnyExcept("0123456789abcdef"))
        {
            return false;
        }

        network = new(text.ToString());
        return true;
    }

    /// <summary>
    /// Reads what a person writes: <c>203.0.113.5</c>, <c>203.0.113.0/24</c>, <c>2001:db8::/64</c>. A length of a network is a multiple of 4. An IPv6 address without a length stands for its
    /// /64: browsers change the rest of it all the time.
    /// </summary>
    /// <returns><see langword="false"/> when it is none of these.</returns>
    public static bool TryRead(string? text, out ViewerNetwork network)
    {
        network = default;
        if (text is null || text.Length > 50)
        {
            return false;
        }

        // "203.0.113" is an address to the library, and not the one that was meant.
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

    /// <summary>Whether an address is within. One that is not known is not.</summary>
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

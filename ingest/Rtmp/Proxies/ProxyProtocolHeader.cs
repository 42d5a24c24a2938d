using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broadcast.Ingest.Rtmp.Proxies;

/// <summary>Results of reading a PROXY header.</summary>
internal enum ProxyProtocolResult
{
    /// <summary>The data is a valid prefix; more is needed.</summary>
    NeedMore,

    /// <summary>The data is not a valid header.</summary>
    Invalid,

    /// <summary>The header was read.</summary>
    Read,
}

/// <summary>
/// Parser of the header in which a load balancer names the original client (HAProxy's PROXY protocol, versions 1 and 2). Version 1 is a
/// line of text. Version 2 has a signature of 12 bytes, 4 bytes of description, and addresses. Reads at most <see cref="MaxLength"/> bytes.
/// </summary>
internal static class ProxyProtocolHeader
{
    /// <summary>
    /// Maximum header length. Version 1 headers have at most 107 bytes. Version 2 addresses need 52; the rest is for extensions, of which
    /// load balancers send one or two.
    /// </summary>
    public const int MaxLength = 536;

    private const int MaxLineLength = 107;
    private const int FixedPart = 16;

    private static ReadOnlySpan<byte> LineStart => "PROXY "u8;

    private static ReadOnlySpan<byte> Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    /// <summary>Reads a header from the start of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">Received data.</param>
    /// <param name="source">Address of the original client, or <see langword="null"/> when the load balancer speaks for itself or for a
    /// client without an address.</param>
    /// <param name="length">Length of the header when read.</param>
    public static ProxyProtocolResult TryRead(ReadOnlySpan<byte> bytes, out IPEndPoint? source, out int length)
    {
        (source, length) = (null, 0);
        if (MatchesPrefix(bytes, LineStart))
        {
            return ReadLine(bytes, ref source, ref length);
        }

        return MatchesPrefix(bytes, Signature) ? ReadBinary(bytes, ref source, ref length) : ProxyProtocolResult.Invalid;
    }

    // PROXY TCP4 192.0.2.1 198.51.100.2 56324 1935\r\n
    private static ProxyProtocolResult ReadLine(ReadOnlySpan<byte> bytes, ref IPEndPoint? source, ref int length)
    {
        var end = bytes[..Math.Min(bytes.Length, MaxLineLength)].IndexOf("\r\n"u8);
        if (end < 0)
        {
            return bytes.Length < MaxLineLength ? ProxyProtocolResult.NeedMore : ProxyProtocolResult.Invalid;
        }

        if (end < LineStart.Length)
        {
            return ProxyProtocolResult.Invalid;
        }

        length = end + 2;
        var fields = Encoding.Latin1.GetString(bytes[LineStart.Length..end]).Split(' ');
        if (fields[0] == "UNKNOWN")
        {
            return ProxyProtocolResult.Read;
        }

        var family = fields[0] switch
        {
            "TCP4" => AddressFamily.InterNetwork,
            "TCP6" => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        if (fields.Length != 5 || !TryParseAddress(fields[1], family, out var address) || !TryParseAddress(fields[2], family, out _)
            || !TryParsePort(fields[3], out var port) || !TryParsePort(fields[4], out _))
        {
            return ProxyProtocolResult.Invalid;
        }

        source = new IPEndPoint(address, port);
        return ProxyProtocolResult.Read;
    }

    // | signature 12 | version 4 bits, command 4 bits | family 4 bits, transport 4 bits | length 2 | addresses, ports, extensions |
    private static ProxyProtocolResult ReadBinary(ReadOnlySpan<byte> bytes, ref IPEndPoint? source, ref int length)
    {
        if (bytes.Length < FixedPart)
        {
            return ProxyProtocolResult.NeedMore;
        }

        var payloadLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (bytes[12] is not (0x20 or 0x21) || FixedPart + payloadLength > MaxLength)
        {
            return ProxyProtocolResult.Invalid;
        }

        var size = (bytes[12], bytes[13]) switch
        {
            (0x21, 0x11) => 4,
            (0x21, 0x21) => 16,
            _ => 0,
        };
        if (payloadLength < (size == 0 ? 0 : (2 * size) + 4))
        {
            return ProxyProtocolResult.Invalid;
        }

        if (bytes.Length < FixedPart + payloadLength)
        {
            return ProxyProtocolResult.NeedMore;
        }

        length = FixedPart + payloadLength;
        if (size > 0)
        {
            source = new IPEndPoint(new IPAddress(bytes.Slice(FixedPart, size)),
                BinaryPrimitives.ReadUInt16BigEndian(bytes[(FixedPart + (2 * size))..]));
        }

        return ProxyProtocolResult.Read;
    }

    private static bool MatchesPrefix(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> start)
    {
        var common = Math.Min(bytes.Length, start.Length);
        return bytes[..common].SequenceEqual(start[..common]);
    }

    /// <summary>Parses an address in its usual notation. The framework's parser also accepts 1, 0x7f.1 and [::1].</summary>
    private static bool TryParseAddress(string text, AddressFamily family, out IPAddress address) =>
        IPAddress.TryParse(text, out address!) && address.AddressFamily == family
        && (family == AddressFamily.InterNetwork ? address.ToString() == text : text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.'));

    private static bool TryParsePort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= ushort.MaxValue
            && (text == "0" || text[0] != '0');
}

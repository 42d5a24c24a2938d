using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Broadcast.Ingest.Rtmp.Proxies;

/// <summary>How reading a PROXY header went.</summary>
internal enum ProxyHeaderOutcome
{
    /// <summary>What there is can still become one.</summary>
    NeedMore,

    /// <summary>It is not one.</summary>
    Broken,

    /// <summary>Read.</summary>
    Read,
}

/// <summary>
/// The header with which a load balancer says whom it speaks for (HAProxy's PROXY protocol, versions 1 and 2): a line of text, or a signature of twelve bytes, four of description, and
/// addresses. Pure; looks at no more than <see cref="MaxLength"/> bytes.
/// </summary>
internal static class ProxyHeader
{
    /// <summary>Longest header taken. The longest of version 1 has 107 bytes; of version 2, addresses need 52 and the rest are remarks, of which load balancers make one or two.</summary>
    public const int MaxLength = 536;

    private const int LongestLine = 107;
    private const int FixedPart = 16;

    private static ReadOnlySpan<byte> LineStart => "PROXY "u8;

    private static ReadOnlySpan<byte> Signature => [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    /// <summary>Reads a header from the beginning of <paramref name="bytes"/>.</summary>
    /// <param name="bytes">What has arrived.</param>
    /// <param name="source">Whom the sender speaks for, or <see langword="null"/> when for itself or nobody that has an address.</param>
    /// <param name="length">Its length, when read.</param>
    public static ProxyHeaderOutcome TryRead(ReadOnlySpan<byte> bytes, out IPEndPoint? source, out int length)
    {
        (source, length) = (null, 0);
        if (StartsAs(bytes, LineStart))
        {
            return ReadLine(bytes, ref source, ref length);
        }

        return StartsAs(bytes, Signature) ? ReadBinary(bytes, ref source, ref length) : ProxyHeaderOutcome.Broken;
    }

    // PROXY TCP4 192.0.2.1 198.51.100.2 56324 1935\r\n
    private static ProxyHeaderOutcome ReadLine(ReadOnlySpan<byte> bytes, ref IPEndPoint? source, ref int length)
    {
        var end = bytes[..Math.Min(bytes.Length, LongestLine)].IndexOf("\r\n"u8);
        if (end < 0)
        {
            return bytes.Length < LongestLine ? ProxyHeaderOutcome.NeedMore : ProxyHeaderOutcome.Broken;
        }

        if (end < LineStart.Length)
        {
            return ProxyHeaderOutcome.Broken;
        }

        length = end + 2;
        var fields = Encoding.Latin1.GetString(bytes[LineStart.Length..end]).Split(' ');
        if (fields[0] == "UNKNOWN")
        {
            return ProxyHeaderOutcome.Read;
        }

        var family = fields[0] switch
        {
            "TCP4" => AddressFamily.InterNetwork,
            "TCP6" => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        if (fields.Length != 5 || !TryAddress(fields[1], family, out var address) || !TryAddress(fields[2], family, out _)
            || !TryPort(fields[3], out var port) || !TryPort(fields[4], out _))
        {
            return ProxyHeaderOutcome.Broken;
        }

        source = new IPEndPoint(address, port);
        return ProxyHeaderOutcome.Read;
    }

    //  | signature 12 | version 4 bits, command 4 bits | family 4 bits, transport 4 bits | length 2 | addresses, ports, remarks |
    private static ProxyHeaderOutcome ReadBinary(ReadOnlySpan<byte> bytes, ref IPEndPoint? source, ref int length)
    {
        if (bytes.Length < FixedPart)
        {
            return ProxyHeaderOutcome.NeedMore;
        }

        var rest = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (bytes[12] is not (0x20 or 0x21) || FixedPart + rest > MaxLength)
        {
            return ProxyHeaderOutcome.Broken;
        }

        var size = (bytes[12], bytes[13]) switch
        {
            (0x21, 0x11) => 4,
            (0x21, 0x21) => 16,
            _ => 0,
        };
        if (rest < (size == 0 ? 0 : (2 * size) + 4))
        {
            return ProxyHeaderOutcome.Broken;
        }

        if (bytes.Length < FixedPart + rest)
        {
            return ProxyHeaderOutcome.NeedMore;
        }

        length = FixedPart + rest;
        if (size > 0)
        {
            source = new IPEndPoint(new IPAddress(bytes.Slice(FixedPart, size)), BinaryPrimitives.ReadUInt16BigEndian(bytes[(FixedPart + (2 * size))..]));
        }

        return ProxyHeaderOutcome.Read;
    }

    private static bool StartsAs(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> start)
    {
        var common = Math.Min(bytes.Length, start.Length);
        return bytes[..common].SequenceEqual(start[..common]);
    }

    /// <summary>Only as people write addresses: the parser would also take 1, 0x7f.1 and [::1].</summary>
    private static bool TryAddress(string text, AddressFamily family, out IPAddress address) =>
        IPAddress.TryParse(text, out address!) && address.AddressFamily == family
        && (family == AddressFamily.InterNetwork ? address.ToString() == text : text.All(c => char.IsAsciiHexDigit(c) || c is ':' or '.'));

    private static bool TryPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port <= ushort.MaxValue && (text == "0" || text[0] != '0');
}

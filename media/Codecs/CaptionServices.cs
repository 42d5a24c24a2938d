using System.Globalization;
using System.Numerics;

namespace Broadcast.Media.Codecs;

/// <summary>
/// Caption services (CEA-608 and CEA-708) in H.264 and HEVC streams. The caption data of ATSC A/53 part 4, 6.2.3, is carried in
/// <c>user_data_registered_itu_t_t35</c> SEI messages (ITU-T H.264, D.1.6; H.265, D.2.6). One bit per service: 1 and 3 for the CEA-608
/// channels <c>CC1</c> and <c>CC3</c>, 8 + n for service n of CEA-708.
/// </summary>
public readonly record struct CaptionServices
{
    private const int RegisteredUserData = 4;
    private const int LastOfA608 = 4;
    private const int FirstOf708 = 8;
    private const int LastOf708 = 63 - FirstOf708;

    /// <summary>Number of bytes of a message that are inspected; the longest message of A/53 has 31 triplets.</summary>
    private const int MaxMessageLength = 8 + 3 + (31 * 3);

    private readonly ulong _services;

    private CaptionServices(ulong services) => _services = services;

    /// <summary>Indicates whether there are any services.</summary>
    public bool Any => _services != 0;

    /// <summary>Combines the services of both operands.</summary>
    public static CaptionServices operator |(CaptionServices left, CaptionServices right) => new(left._services | right._services);

    /// <summary>
    /// Service names for the HLS attribute <c>INSTREAM-ID</c>, separated by spaces: <c>CC1</c>, <c>CC3</c>, <c>SERVICE1</c> to
    /// <c>SERVICE6</c>. Empty without services.
    /// </summary>
    public override string ToString()
    {
        var names = new List<string>();
        for (var rest = _services; rest != 0; rest &= rest - 1)
        {
            var bit = BitOperations.TrailingZeroCount(rest);
            names.Add(bit <= LastOfA608 ? string.Create(CultureInfo.InvariantCulture, $"CC{bit}")
                : string.Create(CultureInfo.InvariantCulture, $"SERVICE{bit - FirstOf708}"));
        }

        return string.Join(' ', names);
    }

    /// <summary>Returns whether this value has services that another one lacks.</summary>
    /// <param name="others">The value to compare with.</param>
    public bool HasMoreThan(CaptionServices others) => (_services & ~others._services) != 0;

    /// <summary>Parses names written by <see cref="ToString"/>; unknown names are ignored.</summary>
    /// <param name="names">The names; <see langword="null"/> for none.</param>
    public static CaptionServices Parse(string? names)
    {
        var services = 0UL;
        foreach (var range in (names ?? "").AsSpan().Split(' '))
        {
            var name = names.AsSpan(range);
            services |= name switch
            {
                ['C', 'C', >= '1' and <= '4'] => 1UL << (name[2] - '0'),
                _ when name.StartsWith("SERVICE") && int.TryParse(name[7..], NumberStyles.None, CultureInfo.InvariantCulture,
                    out var number) && number is >= 1 and <= LastOf708 =>
                    1UL << (FirstOf708 + number),
                _ => 0,
            };
        }

        return new CaptionServices(services);
    }

    /// <summary>
    /// Finds caption services in one access unit. Bounded, and never throws; finds none in codecs other than H.264 and HEVC.
    /// </summary>
    /// <param name="config">Codec of the access unit.</param>
    /// <param name="payload">The access unit, in the format of <see cref="MediaSample.Payload"/>.</param>
    public static CaptionServices Find(CodecConfig config, ReadOnlySpan<byte> payload)
    {
        var (lengthSize, type, header, shift, mask) = config switch
        {
            CodecConfig.Avc avc => (avc.Configuration.NalLengthSize, 6, 1, 0, 31),
            CodecConfig.Hevc hevc => (hevc.Configuration.NalLengthSize, 39, 2, 1, 63),
            _ => default,
        };
        var found = default(CaptionServices);
        if (lengthSize == 0)
        {
            return found;
        }

        var units = new NalUnitReader(payload, lengthSize);
        while (units.TryRead(out var unit))
        {
            if (((unit[0] >> shift) & mask) == type && unit.Length > header)
            {
                found |= FindInMessages(unit[header..]);
            }
        }

        return found;
    }

    /// <summary>Finds services in consecutive SEI messages (7.3.2.3.1).</summary>
    private static CaptionServices FindInMessages(ReadOnlySpan<byte> coded)
    {
        Span<byte> head = stackalloc byte[MaxMessageLength];
        var found = default(CaptionServices);
        var reader = new RbspReader(coded);
        while (reader.TryNumber(out var type) && reader.TryNumber(out var length))
        {
            var taken = 0;
            for (; length > 0 && reader.TryByte(out var value); length--)
            {
                if (taken < head.Length)
                {
                    head[taken++] = value;
                }
            }

            if (length > 0)
            {
                break;
            }

            if (type == RegisteredUserData)
            {
                found |= FindInUserData(head[..taken]);
            }
        }

        return found;
    }

    /// <summary>
    /// Finds services in a message with country code 181, provider code 49, identifier <c>GA94</c> and type 3 (caption data).
    /// </summary>
    private static CaptionServices FindInUserData(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> expected = [0xb5, 0x00, 0x31, (byte)'G', (byte)'A', (byte)'9', (byte)'4', 0x03];
        if (message.Length < expected.Length + 2 || !message.StartsWith(expected) || (message[expected.Length] & 0x40) == 0)
        {
            return default;
        }

        var services = 0UL;
        var data = message[(expected.Length + 2)..];
        for (var count = message[expected.Length] & 31; count > 0 && data.Length >= 3; count--, data = data[3..])
        {
            var isValid = (data[0] & 4) != 0;
            var isFilled = ((data[1] | data[2]) & 0x7f) != 0;
            services |= (isValid, data[0] & 3) switch
            {
                // Field 1 is present whenever there are captions; field 2 is often empty.
                (true, 0) => 1UL << 1,
                (true, 1) when isFilled => 1UL << 3,

                // Start of a packet: the service number of its first block follows the header, where it fits.
                (true, 3) when data[2] >> 5 is var service and > 0 and < 7 => 1UL << (FirstOf708 + service),
                _ => 0,
            };
        }

        return new CaptionServices(services);
    }

    /// <summary>Reads an RBSP without emulation prevention bytes.</summary>
    private ref struct RbspReader(ReadOnlySpan<byte> coded)
    {
        private ReadOnlySpan<byte> _rest = coded;
        private int _zeros;

        public bool TryByte(out byte value)
        {
            if (_zeros >= 2 && _rest is [3, ..])
            {
                _rest = _rest[1..];
                _zeros = 0;
            }

            value = _rest.IsEmpty ? (byte)0 : _rest[0];
            if (_rest.IsEmpty)
            {
                return false;
            }

            _rest = _rest[1..];
            _zeros = value == 0 ? _zeros + 1 : 0;
            return true;
        }

        /// <summary>Reads a number in which every byte of 255 announces another byte.</summary>
        public bool TryNumber(out int number)
        {
            number = 0;
            while (TryByte(out var value))
            {
                number += value;
                if (value != 255)
                {
                    return true;
                }
            }

            return false;
        }
    }
}

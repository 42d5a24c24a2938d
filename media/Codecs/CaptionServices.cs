using System.Globalization;
using System.Numerics;

namespace Broadcast.Media;

/// <summary>
/// Captions that pictures carry (CEA-608 and CEA-708), in user data of H.264 and HEVC: ATSC A/53 part 4, 6.2.3, inside a <c>user_data_registered_itu_t_t35</c> message (ITU-T H.264, D.1.6; H.265, D.2.6).
/// A bit for each service: 1 and 3 for the CEA-608 channels <c>CC1</c> and <c>CC3</c>, 8 + n for service n of CEA-708.
/// </summary>
public readonly record struct CaptionServices
{
    private const int RegisteredUserData = 4;
    private const int LastOfA608 = 4;
    private const int FirstOf708 = 8;
    private const int LastOf708 = 63 - FirstOf708;

    /// <summary>Bytes of a message that are looked at: the longest of A/53 has 31 triplets.</summary>
    private const int LongestMessage = 8 + 3 + (31 * 3);

    private readonly ulong _services;

    private CaptionServices(ulong services) => _services = services;

    /// <summary>Whether there are any.</summary>
    public bool Any => _services != 0;

    /// <summary>The services of both.</summary>
    public static CaptionServices operator |(CaptionServices left, CaptionServices right) => new(left._services | right._services);

    /// <summary>Their names as HLS has them (<c>INSTREAM-ID</c>): <c>CC1</c>, <c>CC3</c>, <c>SERVICE1</c> to <c>SERVICE6</c>, with a space between; empty when there are none.</summary>
    public override string ToString()
    {
        var names = new List<string>();
        for (var rest = _services; rest != 0; rest &= rest - 1)
        {
            var bit = BitOperations.TrailingZeroCount(rest);
            names.Add(bit <= LastOfA608 ? string.Create(CultureInfo.InvariantCulture, $"CC{bit}") : string.Create(CultureInfo.InvariantCulture, $"SERVICE{bit - FirstOf708}"));
        }

        return string.Join(' ', names);
    }

    /// <summary>Whether there are some here that are not among others.</summary>
    /// <param name="others">The others.</param>
    public bool HasMoreThan(CaptionServices others) => (_services & ~others._services) != 0;

    /// <summary>The services that names stand for, as <see cref="ToString"/> tells them; what is no such name is left out.</summary>
    /// <param name="names">The names, or <see langword="null"/> for none.</param>
    public static CaptionServices Parse(string? names)
    {
        var services = 0UL;
        foreach (var range in (names ?? "").AsSpan().Split(' '))
        {
            var name = names.AsSpan(range);
            services |= name switch
            {
                ['C', 'C', >= '1' and <= '4'] => 1UL << (name[2] - '0'),
                _ when name.StartsWith("SERVICE") && int.TryParse(name[7..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= LastOf708 =>
                    1UL << (FirstOf708 + number),
                _ => 0,
            };
        }

        return new CaptionServices(services);
    }

    /// <summary>Looks for captions in one picture. Bounded, and never an exception; nothing for codecs in which we do not know them.</summary>
    /// <param name="config">How it is coded.</param>
    /// <param name="payload">The picture, as <see cref="MediaSample.Payload"/> has it.</param>
    public static CaptionServices In(CodecConfig config, ReadOnlySpan<byte> payload)
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
                found |= InMessages(unit[header..]);
            }
        }

        return found;
    }

    /// <summary>SEI messages one behind the other (7.3.2.3.1).</summary>
    private static CaptionServices InMessages(ReadOnlySpan<byte> coded)
    {
        Span<byte> head = stackalloc byte[LongestMessage];
        var found = default(CaptionServices);
        var reader = new Unescaped(coded);
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
                found |= InUserData(head[..taken]);
            }
        }

        return found;
    }

    /// <summary>A message that says country 181, provider 49, <c>GA94</c>, and type 3: caption data, of which there are triplets.</summary>
    private static CaptionServices InUserData(ReadOnlySpan<byte> message)
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
                // The first field is there all the time where there are captions at all; the second is often empty.
                (true, 0) => 1UL << 1,
                (true, 1) when isFilled => 1UL << 3,

                // A packet begins: behind its header, the first service in it, where the number fits.
                (true, 3) when data[2] >> 5 is var service and > 0 and < 7 => 1UL << (FirstOf708 + service),
                _ => 0,
            };
        }

        return new CaptionServices(services);
    }

    /// <summary>Reads without the bytes that keep start codes from appearing.</summary>
    private ref struct Unescaped(ReadOnlySpan<byte> coded)
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

        /// <summary>A number of which each byte of 255 says that more comes.</summary>
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

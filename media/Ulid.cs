using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Broadcast.Media;

/// <summary>
/// Universally unique identifier that sorts by time: 48 bits of milliseconds since 1970 and 80 random bits, written as 26 characters of
/// Crockford base 32 (https://github.com/ulid/spec). <see cref="SessionId"/> and the IDs of recordings and events are ULIDs of their own
/// types, so that one cannot be passed for another.
/// </summary>
public readonly record struct Ulid : IComparable<Ulid>
{
    /// <summary>Length in characters.</summary>
    public const int Length = 26;

    private const int TimeLength = 10;
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    private readonly string? _value;

    private Ulid(string value) => _value = value;

    /// <summary>The text; empty for the default value.</summary>
    public string Value => _value ?? "";

    /// <summary>
    /// Time passed to <see cref="New"/>, to the millisecond. Foreign IDs with later times return the last millisecond of
    /// <see cref="DateTimeOffset.MaxValue"/>.
    /// </summary>
    public DateTimeOffset CreatedAt
    {
        get
        {
            long milliseconds = 0;
            foreach (var c in Value.AsSpan(0, Math.Min(Value.Length, TimeLength)))
            {
                milliseconds = (milliseconds << 5) | (uint)Alphabet.IndexOf(c, StringComparison.Ordinal);
            }

            return DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(milliseconds, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()));
        }
    }

    /// <summary>Creates an ID.</summary>
    /// <param name="now">Time of creation.</param>
    public static Ulid New(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[6..]);
        var milliseconds = now.ToUnixTimeMilliseconds();
        for (var i = 5; i >= 0; i--)
        {
            bytes[i] = (byte)milliseconds;
            milliseconds >>= 8;
        }

        return FromBytes(bytes);
    }

    /// <summary>Creates an ID from its 16 bytes, big-endian.</summary>
    public static Ulid FromBytes(ReadOnlySpan<byte> bytes) =>
        new(string.Create(Length, BinaryPrimitives.ReadUInt128BigEndian(bytes), static (text, value) =>
        {
            for (var i = text.Length - 1; i >= 0; i--)
            {
                text[i] = Alphabet[(int)(value & 31)];
                value >>= 5;
            }
        }));

    /// <summary>Parses an ID; <see langword="false"/> when it is invalid.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out Ulid id)
    {
        id = default;
        if (text is not { Length: Length } || text[0] > '7')
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!Alphabet.Contains(c, StringComparison.Ordinal))
            {
                return false;
            }
        }

        id = new Ulid(text);
        return true;
    }

    /// <summary>Orders by creation time.</summary>
    public int CompareTo(Ulid other) => string.CompareOrdinal(Value, other.Value);

    /// <summary>Orders by creation time.</summary>
    public static bool operator <(Ulid left, Ulid right) => left.CompareTo(right) < 0;

    /// <summary>Orders by creation time.</summary>
    public static bool operator >(Ulid left, Ulid right) => left.CompareTo(right) > 0;

    /// <summary>Orders by creation time.</summary>
    public static bool operator <=(Ulid left, Ulid right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by creation time.</summary>
    public static bool operator >=(Ulid left, Ulid right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => Value;
}

namespace Broadcast.Origin.ViewerCounting;

/// <summary>
/// Beacon of a playing page: exactly 21 bytes, consisting of <c>play</c> or <c>left</c>, a space, and the page's id as 16 digits <c>0-9
/// a-f</c>.
/// </summary>
/// <param name="Id">Random id that the page chose when it was loaded.</param>
/// <param name="IsLeaving">Whether the page stopped playing.</param>
internal readonly record struct Beacon(ulong Id, bool IsLeaving)
{
    /// <summary>Length of a beacon, in bytes.</summary>
    public const int Length = 21;

    private const int PrefixLength = 5;

    /// <summary>Parses a beacon; <see langword="false"/> when the body is not exactly one.</summary>
    public static bool TryParse(ReadOnlySpan<byte> body, out Beacon beacon)
    {
        beacon = default;
        if (body.Length != Length)
        {
            return false;
        }

        var isLeaving = body.StartsWith("left "u8);
        if (!isLeaving && !body.StartsWith("play "u8))
        {
            return false;
        }

        var id = 0UL;
        foreach (var digit in body[PrefixLength..])
        {
            int value;
            if (digit is >= (byte)'0' and <= (byte)'9')
            {
                value = digit - '0';
            }
            else if (digit is >= (byte)'a' and <= (byte)'f')
            {
                value = digit - 'a' + 10;
            }
            else
            {
                return false;
            }

            id = (id << 4) | (uint)value;
        }

        beacon = new(id, isLeaving);
        return true;
    }
}

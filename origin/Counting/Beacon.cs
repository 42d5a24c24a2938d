namespace Broadcast.Origin.Counting;

/// <summary>What a page that plays tells of itself: 21 bytes, <c>play</c> or <c>left</c>, a space, and the page's id as 16 digits <c>0-9 a-f</c>. Nothing else is a beacon.</summary>
/// <param name="Id">What the page made up when it was loaded.</param>
/// <param name="IsLeaving">Whether it plays no more.</param>
internal readonly record struct Beacon(ulong Id, bool IsLeaving)
{
    /// <summary>Bytes of a beacon.</summary>
    public const int Length = 21;

    private const int WordLength = 5;

    /// <summary>Reads a beacon; <see langword="false"/> for whatever is not exactly one.</summary>
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
        foreach (var digit in body[WordLength..])
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

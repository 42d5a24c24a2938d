namespace Broadcast.Media.Bmff;

/// <summary>A chunk, read without its payloads: what copies it into another file has to know.</summary>
/// <param name="BaseDecodeTime">Decode time of the first sample in ticks of the track's timescale.</param>
/// <param name="Samples">Its samples, at least one; their payloads follow each other.</param>
/// <param name="DataOffset">Where the first sample's payload begins in the segment, in bytes.</param>
/// <param name="PayloadLength">Bytes of all payloads.</param>
/// <param name="End">Where the chunk ends in the segment.</param>
public sealed record FragmentHead(long BaseDecodeTime, IReadOnlyList<FragmentSample> Samples, long DataOffset, int PayloadLength, long End)
{
    /// <summary>Longest head accepted, in bytes: a <c>moof</c> with as many samples as a chunk may have, each with all of its fields, and other boxes before it.</summary>
    public const int MaxLength = 1 << 20;

    private const int MaxBoxes = 64;

    /// <summary>Longest header of a box.</summary>
    private const int LongestHeader = 16;

    /// <summary>Reads the head of the chunk at a place; <see langword="false"/> when there is too little of it.</summary>
    /// <param name="bytes">A segment from there on, or the beginning of that.</param>
    /// <param name="offset">The place, in bytes from the segment's begin.</param>
    /// <param name="head">The head.</param>
    /// <param name="needed">How many bytes are needed to come further, at most <see cref="MaxLength"/> and a header; fewer are enough where the segment ends before.</param>
    /// <exception cref="InvalidBmffException">There are bytes that are not such a chunk.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, long offset, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FragmentHead? head, out int needed)
    {
        head = null;
        ReadOnlySpan<byte> moof = default;
        var (moofAt, position) = (-1, 0);
        for (var count = 0; count < MaxBoxes; count++)
        {
            needed = position + LongestHeader;
            if (position > bytes.Length || !BoxHeader.TryRead(bytes[position..], out var box))
            {
                return false;
            }

            var type = box.Type.ToString();
            if (box.Length == 0 || type is "ftyp" or "moov" || (type == "moof" && moofAt >= 0) || (type == "mdat" && moofAt < 0))
            {
                throw new InvalidBmffException($"Box '{box.Type}' at {offset + position} does not belong there in a chunk.");
            }

            if (type == "mdat")
            {
                head = Read(moof, offset, moofAt, position, box);
                return true;
            }

            if (box.Length > MaxLength - position)
            {
                throw new InvalidBmffException($"What stands before the payloads of the chunk at {offset} is over {MaxLength} bytes.");
            }

            var end = position + (int)box.Length;
            if (type == "moof")
            {
                needed = end + LongestHeader;
                if (end > bytes.Length)
                {
                    return false;
                }

                moof = bytes[(position + box.HeaderLength)..end];
                moofAt = position;
            }

            position = end;
        }

        throw new InvalidBmffException($"The chunk at {offset} has too many boxes before its 'mdat'.");
    }

    private static FragmentHead Read(ReadOnlySpan<byte> body, long offset, int moofAt, int mdatAt, in BoxHeader mdat)
    {
        var available = mdat.Length - mdat.HeaderLength;
        if (available > int.MaxValue)
        {
            throw new InvalidBmffException($"The chunk at {offset} claims {available} bytes of samples, which is over the limit of {int.MaxValue}.");
        }

        var moof = FragmentReader.ReadMoof(body, (int)available);
        var (data, first) = ((long)moofAt + moof.DataOffset, mdatAt + mdat.HeaderLength);
        if (data < first || data + moof.PayloadLength > first + available)
        {
            throw new InvalidBmffException($"The samples of the chunk at {offset} are not inside its 'mdat'.");
        }

        return new FragmentHead(moof.BaseDecodeTime, moof.Samples, offset + data, (int)moof.PayloadLength, offset + mdatAt + mdat.Length);
    }
}

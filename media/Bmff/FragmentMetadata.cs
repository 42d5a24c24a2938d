namespace Broadcast.Media.Bmff;

/// <summary>Metadata of a CMAF chunk, read without its payloads; used to copy the chunk into another file.</summary>
/// <param name="BaseDecodeTime">Decode time of the first sample, in ticks of the track's timescale.</param>
/// <param name="Samples">Samples of the chunk, at least one, with contiguous payloads.</param>
/// <param name="DataOffset">Offset of the first payload in the segment, in bytes.</param>
/// <param name="PayloadLength">Size of all payloads, in bytes.</param>
/// <param name="End">Offset of the end of the chunk in the segment, in bytes.</param>
public sealed record FragmentMetadata(long BaseDecodeTime, IReadOnlyList<FragmentSample> Samples, long DataOffset,
    int PayloadLength, long End)
{
    /// <summary>
    /// Maximum size of the metadata in bytes. It fits a <c>moof</c> with the maximum number of samples, each with all fields, and other
    /// boxes before it.
    /// </summary>
    public const int MaxLength = 1 << 20;

    private const int MaxBoxes = 64;

    /// <summary>Maximum size of a box header, in bytes.</summary>
    private const int MaxHeaderLength = 16;

    /// <summary>Reads the metadata of the chunk at an offset; <see langword="false"/> when more bytes are needed.</summary>
    /// <param name="bytes">Bytes of the segment from the offset on, or a prefix of them.</param>
    /// <param name="offset">Offset of the chunk in the segment, in bytes.</param>
    /// <param name="metadata">The metadata.</param>
    /// <param name="needed">Number of bytes needed to continue, at most <see cref="MaxLength"/> and a header. Fewer are enough where the
    /// segment ends earlier.</param>
    /// <exception cref="InvalidBmffException">The bytes are not a CMAF chunk.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, long offset,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out FragmentMetadata? metadata, out int needed)
    {
        metadata = null;
        ReadOnlySpan<byte> moof = default;
        var (moofAt, position) = (-1, 0);
        for (var count = 0; count < MaxBoxes; count++)
        {
            needed = position + MaxHeaderLength;
            if (position > bytes.Length || !BoxHeader.TryRead(bytes[position..], out var box))
            {
                return false;
            }

            var type = box.Type.ToString();
            if (box.Length == 0 || type is "ftyp" or "moov" || (type == "moof" && moofAt >= 0) || (type == "mdat" && moofAt < 0))
            {
                throw new InvalidBmffException($"Box '{box.Type}' at {offset + position} is not allowed there in a chunk.");
            }

            if (type == "mdat")
            {
                metadata = Read(moof, offset, moofAt, position, box);
                return true;
            }

            if (box.Length > MaxLength - position)
            {
                throw new InvalidBmffException($"The metadata of the chunk at {offset} exceeds {MaxLength} bytes.");
            }

            var end = position + (int)box.Length;
            if (type == "moof")
            {
                needed = end + MaxHeaderLength;
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

    private static FragmentMetadata Read(ReadOnlySpan<byte> body, long offset, int moofAt, int mdatAt, in BoxHeader mdat)
    {
        var available = mdat.Length - mdat.HeaderLength;
        if (available > int.MaxValue)
        {
            throw new InvalidBmffException($"The chunk at {offset} has {available} bytes of samples; the limit is {int.MaxValue}.");
        }

        var moof = FragmentReader.ReadMoof(body, (int)available);
        var (data, first) = ((long)moofAt + moof.DataOffset, mdatAt + mdat.HeaderLength);
        if (data < first || data + moof.PayloadLength > first + available)
        {
            throw new InvalidBmffException($"The samples of the chunk at {offset} are not inside its 'mdat'.");
        }

        return new FragmentMetadata(moof.BaseDecodeTime, moof.Samples, offset + data, (int)moof.PayloadLength,
            offset + mdatAt + mdat.Length);
    }
}

namespace Broadcast.Media.Bmff;

/// <summary>A parsed CMAF chunk: <c>[styp] [prft] moof mdat</c>.</summary>
/// <param name="Offset">Offset of the chunk in the buffer, in bytes.</param>
/// <param name="Length">Size of the chunk in bytes, including all boxes.</param>
/// <param name="SegmentType">The <c>styp</c> box at the start of the chunk, if any.</param>
/// <param name="SequenceNumber">Sequence number from <c>mfhd</c>.</param>
/// <param name="TrackId">Track ID in the file.</param>
/// <param name="BaseDecodeTime">Decode time of the first sample, in ticks of the track's timescale.</param>
/// <param name="Reference">Content of <c>prft</c>, with a wall-clock resolution of 100 ns; <see langword="null"/> without that box.</param>
/// <param name="Samples">Samples of the chunk, at least one.</param>
/// <param name="DataOffset">Offset of the first payload in the buffer, in bytes.</param>
public sealed record Fragment(
    int Offset, int Length, SegmentTypeBox SegmentType, uint SequenceNumber, uint TrackId, long BaseDecodeTime,
    ProducerReferenceTime? Reference,
    IReadOnlyList<FragmentSample> Samples, int DataOffset)
{
    /// <summary>Sum of the samples' durations, in ticks.</summary>
    public long Duration => Samples.Sum(sample => (long)sample.Duration);
}

/// <summary>
/// Reads chunks with one track and one track run, such as those of <see cref="FragmentWriter"/>. Used for crash recovery, export and tests.
/// Pure; allocations are bounded by the size of the input.
/// </summary>
public static class FragmentReader
{
    /// <summary>Maximum number of samples in a chunk: more than ten minutes of AAC.</summary>
    public const int MaxSamples = 32_768;

    private const long NtpUnixSeconds = 2_208_988_800;

    /// <summary>
    /// Reads all complete chunks from the start of the buffer. An incomplete chunk at the end, as after a crash, is ignored.
    /// </summary>
    /// <param name="bytes">One or more segments, or a part of one.</param>
    /// <param name="consumed">Offset of the end of the last complete chunk.</param>
    /// <exception cref="InvalidBmffException">The bytes are not CMAF chunks.</exception>
    public static IReadOnlyList<Fragment> ReadAll(ReadOnlySpan<byte> bytes, out int consumed)
    {
        var fragments = new List<Fragment>();
        consumed = 0;
        while (TryRead(bytes, consumed, out var fragment))
        {
            fragments.Add(fragment);
            consumed += fragment.Length;
        }

        return fragments;
    }

    /// <summary>Reads the chunk at an offset; <see langword="false"/> when it is incomplete.</summary>
    /// <param name="bytes">The buffer.</param>
    /// <param name="offset">Offset of the chunk in the buffer.</param>
    /// <param name="fragment">The chunk.</param>
    /// <exception cref="InvalidBmffException">The bytes are not a CMAF chunk.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int offset,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Fragment? fragment)
    {
        fragment = null;
        var (segmentType, reference) = (SegmentTypeBox.None, (ProducerReferenceTime?)null);
        ReadOnlySpan<byte> moofBody = default;
        var moofOffset = -1;
        var position = offset;
        for (var count = 0; count < 64; count++)
        {
            if (!BoxHeader.TryRead(bytes[position..], out var header) || header.Length > bytes.Length - position)
            {
                return false;
            }

            if (header.Length == 0)
            {
                throw new InvalidBmffException($"Box '{header.Type}' at {position} has no size, which is not allowed in a chunk.");
            }

            var end = position + (int)header.Length;
            var body = bytes[(position + header.HeaderLength)..end];
            switch (header.Type.ToString())
            {
                case "styp":
                    segmentType = ReadSegmentType(body);
                    break;
                case "prft":
                    reference = ReadReference(body);
                    break;
                case "moof" when moofOffset < 0:
                    moofBody = body;
                    moofOffset = position;
                    break;
                case "mdat" when moofOffset >= 0:
                    var moof = ReadMoof(moofBody, body.Length);
                    var data = moofOffset + (long)moof.DataOffset;
                    if (data < position + header.HeaderLength || data + moof.PayloadLength > end)
                    {
                        throw new InvalidBmffException($"The samples of the chunk at {offset} are not inside its 'mdat'.");
                    }

                    fragment = new Fragment(
                        offset, end - offset, segmentType, moof.SequenceNumber, moof.TrackId, moof.BaseDecodeTime, reference,
                        moof.Samples, (int)data);
                    return true;
                case "moof" or "mdat" or "ftyp" or "moov":
                    throw new InvalidBmffException($"Box '{header.Type}' at {position} is not allowed there in a chunk.");
            }

            position = end;
        }

        throw new InvalidBmffException($"The chunk at {offset} has too many boxes before its 'mdat'.");
    }

    private static SegmentTypeBox ReadSegmentType(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "styp");
        var brand = new BoxType(fields.UInt32());
        fields.UInt32();
        var segment = brand == BoxType.Of("cmfs"u8);
        while (fields.Rest.Length >= 4)
        {
            segment |= new BoxType(fields.UInt32()) == BoxType.Of("cmfs"u8);
        }

        return segment ? SegmentTypeBox.Segment : SegmentTypeBox.Chunk;
    }

    private static ProducerReferenceTime ReadReference(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "prft");
        var version = fields.FullBox().Version;
        fields.UInt32();
        var ntp = fields.UInt64();
        var mediaTime = version == 0 ? fields.UInt32() : (long)fields.UInt64();
        var fraction = (((ntp & uint.MaxValue) * TimeSpan.TicksPerSecond) + (1UL << 31)) >> 32;
        var ticks = (((long)(ntp >> 32) - NtpUnixSeconds) * TimeSpan.TicksPerSecond) + (long)fraction;
        return new ProducerReferenceTime(mediaTime, DateTimeOffset.UnixEpoch + TimeSpan.FromTicks(ticks));
    }

    /// <summary>Reads the content of a <c>moof</c>.</summary>
    /// <param name="body">The content.</param>
    /// <param name="available">Size of the samples in the <c>mdat</c>, in bytes.</param>
    /// <exception cref="InvalidBmffException">The chunk has more than one track or track run, or invalid values.</exception>
    internal static Moof ReadMoof(ReadOnlySpan<byte> body, int available)
    {
        var mfhd = new BoxFields(BoxReader.Find(body, "mfhd"u8), "mfhd");
        mfhd.FullBox();
        var traf = BoxReader.Find(body, "traf"u8);
        var defaults = ReadTfhd(BoxReader.Find(traf, "tfhd"u8));
        var tfdt = new BoxFields(BoxReader.Find(traf, "tfdt"u8), "tfdt");
        var decode = tfdt.FullBox().Version == 0 ? tfdt.UInt32() : tfdt.UInt64();
        if (decode > long.MaxValue)
        {
            throw new InvalidBmffException($"Box 'tfdt' has a decode time of {decode}.");
        }

        var (samples, dataOffset, length) = ReadTrun(BoxReader.Find(traf, "trun"u8), defaults, available);
        return new Moof(mfhd.UInt32(), defaults.TrackId, (long)decode, samples, dataOffset, length);
    }

    private static Defaults ReadTfhd(ReadOnlySpan<byte> body)
    {
        var fields = new BoxFields(body, "tfhd");
        var flags = fields.FullBox().Flags;
        if ((flags & 0x02_0001) != 0x02_0000)
        {
            throw new InvalidBmffException("Box 'tfhd' does not set default-base-is-moof, which CMAF requires.");
        }

        var trackId = fields.UInt32();
        fields.Skip((flags & 2) != 0 ? 4 : 0);
        return new Defaults(
            trackId, (flags & 8) != 0 ? fields.UInt32() : 0, (flags & 16) != 0 ? fields.UInt32() : 0,
            (flags & 32) != 0 ? fields.UInt32() : 0);
    }

    private static (FragmentSample[] Samples, int DataOffset, long PayloadLength) ReadTrun(ReadOnlySpan<byte> body, in Defaults defaults,
        int available)
    {
        var fields = new BoxFields(body, "trun");
        var (version, flags) = fields.FullBox();
        var count = fields.UInt32();
        var dataOffset = (flags & 1) != 0 ? fields.Int32() : throw new InvalidBmffException("Box 'trun' has no data offset.");
        var firstFlags = (flags & 4) != 0 ? fields.UInt32() : (uint?)null;
        var perSample = 4 * System.Numerics.BitOperations.PopCount(flags & 0xF00);
        if (count is 0 or > MaxSamples || count * (long)perSample > fields.Rest.Length)
        {
            throw new InvalidBmffException($"Box 'trun' has an invalid sample count of {count}.");
        }

        var samples = new FragmentSample[count];
        var length = 0L;
        for (var i = 0; i < samples.Length; i++)
        {
            var duration = (flags & 0x100) != 0 ? fields.UInt32() : defaults.Duration;
            var size = (flags & 0x200) != 0 ? fields.UInt32() : defaults.Size;
            var sampleFlags = (flags & 0x400) != 0 ? fields.UInt32() : i == 0 && firstFlags is { } first ? first : defaults.Flags;
            var offset = (flags & 0x800) != 0 ? fields.Int32() : 0;
            if (version == 0 && offset < 0)
            {
                throw new InvalidBmffException("Box 'trun' has a composition offset that is out of range.");
            }

            length += size;
            if (length > available)
            {
                throw new InvalidBmffException($"Box 'trun' describes more than the {available} available bytes of samples.");
            }

            samples[i] = new FragmentSample(duration, (int)size, (sampleFlags & 0x1_0000) == 0, offset);
        }

        return (samples, dataOffset, length);
    }

    private readonly record struct Defaults(uint TrackId, uint Duration, uint Size, uint Flags);

    /// <summary>A parsed <c>moof</c>. Its data offset counts from the first byte of the <c>moof</c>.</summary>
    internal sealed record Moof(uint SequenceNumber, uint TrackId, long BaseDecodeTime, FragmentSample[] Samples, int DataOffset,
        long PayloadLength);
}

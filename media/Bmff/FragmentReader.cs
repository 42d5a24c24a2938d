namespace Broadcast.Media.Bmff;

/// <summary>A chunk, read: <c>[styp] [prft] moof mdat</c>.</summary>
/// <param name="Offset">Where it begins in what was read, in bytes.</param>
/// <param name="Length">Its bytes, all its boxes together.</param>
/// <param name="SegmentType">Whether and which <c>styp</c> it begins with.</param>
/// <param name="SequenceNumber"><c>mfhd</c>'s number.</param>
/// <param name="TrackId">The track's number in the file.</param>
/// <param name="BaseDecodeTime">Decode time of the first sample in ticks of the track's timescale.</param>
/// <param name="Reference">What its <c>prft</c> says, or <see langword="null"/>; the wall clock to 100 ns.</param>
/// <param name="Samples">Its samples, at least one.</param>
/// <param name="DataOffset">Where the first sample's payload begins in what was read, in bytes.</param>
public sealed record Fragment(
    int Offset, int Length, SegmentTypeBox SegmentType, uint SequenceNumber, uint TrackId, long BaseDecodeTime, ProducerReferenceTime? Reference,
    IReadOnlyList<FragmentSample> Samples, int DataOffset)
{
    /// <summary>Sum of the samples' durations, in ticks.</summary>
    public long Duration => Samples.Sum(sample => (long)sample.Duration);
}

/// <summary>
/// Reads chunks that <see cref="FragmentWriter"/> wrote, and others of one track and one run a chunk: for recovery after a crash, for export, and for tests.
/// Pure; allocates no more than the bytes that are really there warrant.
/// </summary>
public static class FragmentReader
{
    /// <summary>Most samples accepted in a chunk: over ten minutes of AAC.</summary>
    public const int MaxSamples = 32_768;

    private const long NtpUnixSeconds = 2_208_988_800;

    /// <summary>Reads all whole chunks from the beginning; what is cut off at the end, as by a crash, is left.</summary>
    /// <param name="bytes">A segment, or several, or part of one.</param>
    /// <param name="consumed">Where the last whole chunk ends.</param>
    /// <exception cref="InvalidBmffException">There are bytes that are not such chunks.</exception>
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

    /// <summary>Reads the chunk at a place; <see langword="false"/> when it is not whole yet.</summary>
    /// <param name="bytes">What is there.</param>
    /// <param name="offset">Where the chunk begins.</param>
    /// <param name="fragment">The chunk.</param>
    /// <exception cref="InvalidBmffException">There are bytes that are not such a chunk.</exception>
    public static bool TryRead(ReadOnlySpan<byte> bytes, int offset, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Fragment? fragment)
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
                throw new InvalidBmffException($"Box '{header.Type}' at {position} has no end, so it is no part of a chunk.");
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
                        offset, end - offset, segmentType, moof.SequenceNumber, moof.TrackId, moof.BaseDecodeTime, reference, moof.Samples, (int)data);
                    return true;
                case "moof" or "mdat" or "ftyp" or "moov":
                    throw new InvalidBmffException($"Box '{header.Type}' at {position} does not belong there in a chunk.");
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
    /// <param name="available">Bytes that its samples can have: those of its <c>mdat</c>.</param>
    /// <exception cref="InvalidBmffException">It is not of one track and one run, or says what cannot be.</exception>
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
            throw new InvalidBmffException("Box 'tfhd' does not count its data from its own 'moof', as CMAF asks.");
        }

        var trackId = fields.UInt32();
        fields.Skip((flags & 2) != 0 ? 4 : 0);
        return new Defaults(
            trackId, (flags & 8) != 0 ? fields.UInt32() : 0, (flags & 16) != 0 ? fields.UInt32() : 0, (flags & 32) != 0 ? fields.UInt32() : 0);
    }

    private static (FragmentSample[] Samples, int DataOffset, long PayloadLength) ReadTrun(ReadOnlySpan<byte> body, in Defaults defaults, int available)
    {
        var fields = new BoxFields(body, "trun");
        var (version, flags) = fields.FullBox();
        var count = fields.UInt32();
        var dataOffset = (flags & 1) != 0 ? fields.Int32() : throw new InvalidBmffException("Box 'trun' does not say where its data is.");
        var firstFlags = (flags & 4) != 0 ? fields.UInt32() : (uint?)null;
        var perSample = 4 * System.Numerics.BitOperations.PopCount(flags & 0xF00);
        if (count is 0 or > MaxSamples || count * (long)perSample > fields.Rest.Length)
        {
            throw new InvalidBmffException($"Box 'trun' claims {count} samples, which it cannot hold.");
        }

        var samples = new FragmentSample[count];
        var length = 0L;
        for (var i = 0; i < samples.Length; i++)
        {
            var duration = (flags & 0x100) != 0 ? fields.UInt32() : defaults.Duration;
            var size = (flags & 0x200) != 0 ? fields.UInt32() : defaults.Size;
            var own = (flags & 0x400) != 0 ? fields.UInt32() : i == 0 && firstFlags is { } first ? first : defaults.Flags;
            var offset = (flags & 0x800) != 0 ? fields.Int32() : 0;
            if (version == 0 && offset < 0)
            {
                throw new InvalidBmffException("Box 'trun' has a composition offset that is out of range.");
            }

            length += size;
            if (length > available)
            {
                throw new InvalidBmffException($"Box 'trun' claims over {available} bytes of samples, which are not there.");
            }

            samples[i] = new FragmentSample(duration, (int)size, (own & 0x1_0000) == 0, offset);
        }

        return (samples, dataOffset, length);
    }

    private readonly record struct Defaults(uint TrackId, uint Duration, uint Size, uint Flags);

    /// <summary>A <c>moof</c>; its data offset counts from its own first byte.</summary>
    internal sealed record Moof(uint SequenceNumber, uint TrackId, long BaseDecodeTime, FragmentSample[] Samples, int DataOffset, long PayloadLength);
}

namespace Broadcast.Media.Bmff;

/// <summary>One sample as described by the <c>trun</c> of a fragment.</summary>
/// <param name="Duration">Duration in ticks of the track's timescale: the next sample's decode time minus this sample's.</param>
/// <param name="Size">Size in bytes.</param>
/// <param name="IsSync">Whether the sample is a sync sample.</param>
/// <param name="CompositionOffset">Presentation time minus decode time, in ticks; may be negative.</param>
public readonly record struct FragmentSample(uint Duration, int Size, bool IsSync, int CompositionOffset = 0);

/// <summary>The <c>styp</c> box before a chunk (ISO/IEC 23000-19, 7.3.3.1).</summary>
public enum SegmentTypeBox
{
    /// <summary>No <c>styp</c>: the chunk continues a segment.</summary>
    None,

    /// <summary>The chunk is the first of a CMAF segment: brands <c>msdh</c>, <c>cmfs</c>, <c>cmff</c>, <c>cmfl</c>.</summary>
    Segment,

    /// <summary>The chunk continues a segment and is delivered separately: brand <c>cmfl</c>.</summary>
    Chunk,
}

/// <summary>
/// Content of a <c>prft</c> box: the wall-clock time at which an encoder or server saw a media time (ISO/IEC 14496-12, 8.16.5).
/// </summary>
/// <param name="MediaTime">Decode time in ticks of the track's timescale.</param>
/// <param name="WallClock">Wall-clock time that belongs to <paramref name="MediaTime"/>.</param>
public readonly record struct ProducerReferenceTime(long MediaTime, DateTimeOffset WallClock);

/// <summary>Header values of a CMAF chunk.</summary>
/// <param name="SequenceNumber">Sequence number for <c>mfhd</c>; increases by one with every chunk of a rendition.</param>
/// <param name="BaseDecodeTime">Decode time of the first sample in ticks of the track's timescale, 0 or more.</param>
/// <param name="SegmentType">The <c>styp</c> box to write, if any.</param>
/// <param name="Reference">The <c>prft</c> box to write; <see langword="null"/> for none.</param>
public readonly record struct FragmentHeader(
    uint SequenceNumber, long BaseDecodeTime, SegmentTypeBox SegmentType = SegmentTypeBox.None, ProducerReferenceTime? Reference = null);

/// <summary>
/// Writes the metadata of a CMAF chunk (ISO/IEC 23000-19, 7.3.2.3): <c>[styp] [prft] moof</c> and the header of <c>mdat</c>. The caller
/// appends the payloads in order, so nothing is copied. Each call allocates one array of the exact size. Not thread-safe: use one writer
/// per rendition.
/// </summary>
/// <param name="trackId">Track ID, as in the init segment.</param>
public sealed class FragmentWriter(uint trackId = InitSegmentWriter.DefaultTrackId)
{
    /// <summary>Sample flags of a sync sample: sample_depends_on is 2 (ISO/IEC 14496-12, 8.8.3.1).</summary>
    internal const uint SyncFlags = 0x0200_0000;

    /// <summary>Sample flags of other samples: they depend on others and are not sync samples.</summary>
    internal const uint NonSyncFlags = 0x0101_0000;

    private const uint DefaultBaseIsMoof = 0x02_0000;
    private const uint DefaultDurationPresent = 0x08;
    private const uint DefaultSizePresent = 0x10;
    private const uint DefaultFlagsPresent = 0x20;
    private const uint DataOffsetPresent = 0x001;
    private const uint FirstFlagsPresent = 0x004;
    private const uint DurationPresent = 0x100;
    private const uint SizePresent = 0x200;
    private const uint FlagsPresent = 0x400;
    private const uint OffsetPresent = 0x800;
    private const int MdatHeaderLength = 8;

    // NTP time starts in 1900, Unix time in 1970. The difference is 70 years with 17 leap days.
    private const long NtpUnixSeconds = 2_208_988_800;

    private readonly BoxWriter _writer = new(512);

    /// <summary>Writes the bytes before the payloads of <paramref name="samples"/>.</summary>
    /// <exception cref="ArgumentException">There are no samples, or their payloads exceed a 32-bit <c>mdat</c>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The decode time is negative, which <c>tfdt</c> cannot express.</exception>
    public byte[] Write(in FragmentHeader header, ReadOnlySpan<FragmentSample> samples)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(header.BaseDecodeTime);
        if (samples.IsEmpty)
        {
            throw new ArgumentException("A chunk has at least one sample.", nameof(samples));
        }

        var shape = Shape.Of(samples);
        if (shape.PayloadLength > uint.MaxValue - MdatHeaderLength)
        {
            throw new ArgumentException($"Samples of {shape.PayloadLength} bytes do not fit into one chunk.", nameof(samples));
        }

        _writer.Clear();
        WriteSegmentType(header.SegmentType);
        if (header.Reference is { } reference)
        {
            WriteReference(reference);
        }

        WriteMoof(header, samples, shape);
        _writer.UInt32((uint)(MdatHeaderLength + shape.PayloadLength));
        _writer.Bytes("mdat"u8);
        return _writer.ToArray();
    }

    private void WriteSegmentType(SegmentTypeBox type)
    {
        if (type == SegmentTypeBox.None)
        {
            return;
        }

        using (_writer.Box("styp"u8))
        {
            _writer.Bytes(type == SegmentTypeBox.Segment ? "msdh"u8 : "cmfl"u8);
            _writer.UInt32(0);
            _writer.Bytes(type == SegmentTypeBox.Segment ? "msdhcmfscmffcmfl"u8 : "cmfl"u8);
        }
    }

    private void WriteReference(ProducerReferenceTime reference)
    {
        var ticks = (reference.WallClock - DateTimeOffset.UnixEpoch).Ticks + (NtpUnixSeconds * TimeSpan.TicksPerSecond);
        var (seconds, rest) = Math.DivRem(Math.Max(ticks, 0), TimeSpan.TicksPerSecond);

        // Flags 8: the wall clock has an arbitrary but constant relation to the media (here the arrival time).
        using (_writer.FullBox("prft"u8, version: 1, flags: 8))
        {
            _writer.UInt32(trackId);
            _writer.UInt64(((ulong)seconds << 32) | (((ulong)rest << 32) / TimeSpan.TicksPerSecond));
            _writer.UInt64((ulong)reference.MediaTime);
        }
    }

    private void WriteMoof(in FragmentHeader header, ReadOnlySpan<FragmentSample> samples, in Shape shape)
    {
        int start, dataOffset;
        using (var moof = _writer.Box("moof"u8))
        {
            start = moof.Start;
            using (_writer.FullBox("mfhd"u8, version: 0, flags: 0))
            {
                _writer.UInt32(header.SequenceNumber);
            }

            using (_writer.Box("traf"u8))
            {
                WriteTfhd(samples, shape);
                using (_writer.FullBox("tfdt"u8, version: 1, flags: 0))
                {
                    _writer.UInt64((ulong)header.BaseDecodeTime);
                }

                dataOffset = WriteTrun(samples, shape);
            }
        }

        _writer.PatchUInt32(dataOffset, (uint)(_writer.Position - start + MdatHeaderLength));
    }

    private void WriteTfhd(ReadOnlySpan<FragmentSample> samples, in Shape shape)
    {
        var flags = DefaultBaseIsMoof
            | (shape.SameDuration ? DefaultDurationPresent : 0)
            | (shape.SameSize ? DefaultSizePresent : 0)
            | (shape.SameFlagsFromSecond ? DefaultFlagsPresent : 0);
        using (_writer.FullBox("tfhd"u8, version: 0, flags))
        {
            _writer.UInt32(trackId);
            if (shape.SameDuration)
            {
                _writer.UInt32(samples[0].Duration);
            }

            if (shape.SameSize)
            {
                _writer.UInt32((uint)samples[0].Size);
            }

            if (shape.SameFlagsFromSecond)
            {
                _writer.UInt32(FlagsOf(samples[^1]));
            }
        }
    }

    /// <returns>Offset at which to patch the data offset.</returns>
    private int WriteTrun(ReadOnlySpan<FragmentSample> samples, in Shape shape)
    {
        var flags = DataOffsetPresent
            | (shape.FirstDiffers ? FirstFlagsPresent : 0)
            | (shape.SameDuration ? 0 : DurationPresent)
            | (shape.SameSize ? 0 : SizePresent)
            | (shape.SameFlagsFromSecond ? 0 : FlagsPresent)
            | (shape.HasOffsets ? OffsetPresent : 0);

        // Version 1: composition offsets are signed.
        using (_writer.FullBox("trun"u8, version: 1, flags))
        {
            _writer.UInt32((uint)samples.Length);
            var dataOffset = _writer.Position;
            _writer.UInt32(0);
            if (shape.FirstDiffers)
            {
                _writer.UInt32(FlagsOf(samples[0]));
            }

            foreach (ref readonly var sample in samples)
            {
                if (!shape.SameDuration)
                {
                    _writer.UInt32(sample.Duration);
                }

                if (!shape.SameSize)
                {
                    _writer.UInt32((uint)sample.Size);
                }

                if (!shape.SameFlagsFromSecond)
                {
                    _writer.UInt32(FlagsOf(sample));
                }

                if (shape.HasOffsets)
                {
                    _writer.Int32(sample.CompositionOffset);
                }
            }

            return dataOffset;
        }
    }

    private static uint FlagsOf(in FragmentSample sample) => sample.IsSync ? SyncFlags : NonSyncFlags;

    /// <summary>The values that all samples share, which are written once.</summary>
    private readonly record struct Shape(
        long PayloadLength, bool SameDuration, bool SameSize, bool SameFlagsFromSecond, bool FirstDiffers, bool HasOffsets)
    {
        public static Shape Of(ReadOnlySpan<FragmentSample> samples)
        {
            ref readonly var first = ref samples[0];
            var last = samples[^1];
            var (length, sameDuration, sameSize, sameFlags, hasOffsets) = (0L, true, true, true, false);
            for (var i = 0; i < samples.Length; i++)
            {
                ref readonly var sample = ref samples[i];
                ArgumentOutOfRangeException.ThrowIfNegative(sample.Size, nameof(samples));
                length += sample.Size;
                sameDuration &= sample.Duration == first.Duration;
                sameSize &= sample.Size == first.Size;
                sameFlags &= i == 0 || sample.IsSync == last.IsSync;
                hasOffsets |= sample.CompositionOffset != 0;
            }

            return new Shape(length, sameDuration, sameSize, sameFlags, sameFlags && first.IsSync != last.IsSync, hasOffsets);
        }
    }
}

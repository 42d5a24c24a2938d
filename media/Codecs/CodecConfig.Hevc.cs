namespace Broadcast.Media.Codecs;

/// <content>HEVC.</content>
public abstract partial record CodecConfig
{
    /// <summary>HEVC: the HEVCDecoderConfigurationRecord of ISO/IEC 14496-15 and its first SPS.</summary>
    public sealed record Hevc : CodecConfig
    {
        private Hevc(ReadOnlyMemory<byte> record, HevcDecoderConfiguration configuration) =>
            (Record, Configuration) = (record, configuration);

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Video;

        /// <summary>The configuration record, verbatim or updated with parameter sets from the stream.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The parsed record.</summary>
        public HevcDecoderConfiguration Configuration { get; }

        /// <summary>The first SPS, parsed.</summary>
        public HevcSequenceParameterSet Sequence => Configuration.Sequence;

        /// <inheritdoc/>
        public override VideoFormat VideoFormat => Sequence.VideoFormat;

        /// <inheritdoc/>
        public override string CodecString => $"hvc1.{Sequence.Profile}";

        /// <summary>Parses and validates a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">The record violates ISO/IEC 14496-15 or ITU-T H.265, or exceeds a limit; the
        /// message says where.</exception>
        public static Hevc Parse(ReadOnlySpan<byte> record)
        {
            HevcDecoderConfiguration.CheckLength(record.Length);
            var copy = record.ToArray();
            return new Hevc(copy, HevcDecoderConfiguration.Parse(copy));
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame) =>
            NalUnitReader.TryInspectHevc(payload, Configuration.NalLengthSize, out frame);

        /// <inheritdoc/>
        public override CodecConfig CompleteFrom(ReadOnlySpan<byte> syncSample) =>
            Configuration.UpdateRecord(Record.Span, syncSample) is { } renewed ? Parse(renewed) : this;

        /// <summary>Returns whether the record bytes are equal.</summary>
        public bool Equals(Hevc? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}

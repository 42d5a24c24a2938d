namespace Broadcast.Media;

/// <content>HEVC.</content>
public abstract partial record CodecConfig
{
    /// <summary>HEVC: ISO/IEC 14496-15 HEVCDecoderConfigurationRecord, with what its first SPS says.</summary>
    public sealed record Hevc : CodecConfig
    {
        private Hevc(ReadOnlyMemory<byte> record, HevcDecoderConfiguration configuration) => (Record, Configuration) = (record, configuration);

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Video;

        /// <summary>The configuration record, verbatim or with parameter sets that the stream has said since.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The record, read.</summary>
        public HevcDecoderConfiguration Configuration { get; }

        /// <summary>What the first SPS says.</summary>
        public HevcSequenceParameters Sequence => Configuration.Sequence;

        /// <inheritdoc/>
        public override PictureFormat Picture => Sequence.Picture;

        /// <inheritdoc/>
        public override string CodecString => $"hvc1.{Sequence.Profile}";

        /// <summary>Reads and checks a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">It breaks ISO/IEC 14496-15 or ITU-T H.265, or is over our limits; the message says where.</exception>
        public static Hevc Parse(ReadOnlySpan<byte> record)
        {
            HevcDecoderConfiguration.CheckLength(record.Length);
            var copy = record.ToArray();
            return new Hevc(copy, HevcDecoderConfiguration.Parse(copy));
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out CodedFrame frame) =>
            NalUnitReader.TryInspectHevc(payload, Configuration.NalLengthSize, out frame);

        /// <inheritdoc/>
        public override CodecConfig Completed(ReadOnlySpan<byte> syncSample) => Configuration.Renew(Record.Span, syncSample) is { } renewed ? Parse(renewed) : this;

        /// <summary>Equal when the bytes are.</summary>
        public bool Equals(Hevc? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}

namespace Broadcast.Media.Codecs;

/// <summary>A codec and its parameters, validated on creation. Each codec is one nested record.</summary>
public abstract partial record CodecConfig
{
    private CodecConfig() { }

    /// <summary>Media type of the codec.</summary>
    public abstract TrackKind Kind { get; }

    /// <summary>RFC 6381 codec string for manifests.</summary>
    public abstract string CodecString { get; }

    /// <summary>The configuration record; verbatim unless the nested record says otherwise.</summary>
    public abstract ReadOnlyMemory<byte> Record { get; }

    /// <summary>
    /// Video format; <see langword="null"/> for audio, and until the first sync sample supplies it (<see cref="CompleteFrom"/>).
    /// </summary>
    public virtual VideoFormat? VideoFormat => null;

    /// <summary>Audio format; <see langword="null"/> for video.</summary>
    public virtual AudioFormat? AudioFormat => null;

    /// <summary>Indicates whether the configuration contains everything that an init segment needs.</summary>
    public bool IsComplete => VideoFormat is not null || AudioFormat is not null;

    /// <summary>Inspects the bitstream of a sample's payload. Bounded, and never throws.</summary>
    /// <param name="payload">The coded bytes, in the format of <see cref="MediaSample.Payload"/>.</param>
    /// <param name="frame">Properties of the sample.</param>
    /// <returns><see langword="false"/> when the bytes are not a sample of this codec.</returns>
    public abstract bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame);

    /// <summary>
    /// Completes the configuration from a sync sample: the frame size of VP9, a changed sequence header of AV1, or new parameter sets of
    /// H.264 and HEVC. Returns the same instance when nothing changed.
    /// </summary>
    /// <param name="syncSample">A payload that <see cref="TryInspect"/> identified as a sync sample.</param>
    /// <exception cref="InvalidCodecConfigException">The sample violates the codec's specification, or exceeds a limit.</exception>
    public virtual CodecConfig CompleteFrom(ReadOnlySpan<byte> syncSample) => this;

    /// <summary>H.264: the AVCDecoderConfigurationRecord of ISO/IEC 14496-15 and its first SPS.</summary>
    public sealed record Avc : CodecConfig
    {
        private Avc(ReadOnlyMemory<byte> record, AvcDecoderConfiguration configuration)
        {
            (Record, Configuration) = (record, configuration);
            VideoFormat = new VideoFormat(
                Sequence.Width, Sequence.Height, Sequence.SampleAspectWidth, Sequence.SampleAspectHeight, Sequence.FramesPerSecond,
                Sequence.Color);
        }

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Video;

        /// <summary>The configuration record, verbatim or updated with parameter sets from the stream.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The parsed record.</summary>
        public AvcDecoderConfiguration Configuration { get; }

        /// <summary>The first SPS, parsed.</summary>
        public AvcSequenceParameterSet Sequence => Configuration.Sequence;

        /// <inheritdoc/>
        public override VideoFormat VideoFormat { get; }

        /// <inheritdoc/>
        public override string CodecString => $"avc1.{Sequence.ProfileIdc:x2}{Sequence.ConstraintFlags:x2}{Sequence.LevelIdc:x2}";

        /// <summary>Parses and validates a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">The record violates ISO/IEC 14496-15 or ITU-T H.264, or exceeds a limit; the
        /// message says where.</exception>
        public static Avc Parse(ReadOnlySpan<byte> record)
        {
            AvcDecoderConfiguration.CheckLength(record.Length);
            var copy = record.ToArray();
            return new Avc(copy, AvcDecoderConfiguration.Parse(copy));
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame) =>
            NalUnitReader.TryInspectAvc(payload, Configuration.NalLengthSize, out frame);

        /// <inheritdoc/>
        public override CodecConfig CompleteFrom(ReadOnlySpan<byte> syncSample) =>
            Configuration.UpdateRecord(syncSample) is { } renewed ? Parse(renewed) : this;

        /// <summary>Returns whether the record bytes are equal.</summary>
        public bool Equals(Avc? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }

    /// <summary>AAC: the AudioSpecificConfig of ISO/IEC 14496-3.</summary>
    public sealed record Aac : CodecConfig
    {
        private Aac(ReadOnlyMemory<byte> record, AudioSpecificConfig audio) =>
            (Record, Audio, AudioFormat) = (record, audio, new AudioFormat(audio.SampleRate, audio.Channels));

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <inheritdoc/>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The parsed record.</summary>
        public AudioSpecificConfig Audio { get; }

        /// <inheritdoc/>
        public override AudioFormat AudioFormat { get; }

        /// <inheritdoc/>
        public override string CodecString => $"mp4a.40.{Audio.ObjectType}";

        /// <summary>Parses and validates a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">The record violates ISO/IEC 14496-3, or is not playable; the message says
        /// where.</exception>
        public static Aac Parse(ReadOnlySpan<byte> record)
        {
            var audio = AudioSpecificConfig.Parse(record);
            return new Aac(record.ToArray(), audio);
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame)
        {
            frame = FrameInfo.OfAudio(Audio.SamplesPerFrame);
            return !payload.IsEmpty;
        }

        /// <summary>Returns whether the record bytes are equal.</summary>
        public bool Equals(Aac? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }

    private static int HashOf(ReadOnlySpan<byte> bytes)
    {
        var hash = new HashCode();
        hash.AddBytes(bytes);
        return hash.ToHashCode();
    }
}

/// <summary>An encoder's codec configuration is malformed or exceeds a limit. The message names the problem and its location.</summary>
public sealed class InvalidCodecConfigException(string message) : Exception(message);

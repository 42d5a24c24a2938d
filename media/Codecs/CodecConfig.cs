namespace Broadcast.Media;

/// <summary>A codec and its parameters, checked when made. A new codec is a new case.</summary>
public abstract partial record CodecConfig
{
    private CodecConfig() { }

    /// <summary>What it carries.</summary>
    public abstract TrackKind Kind { get; }

    /// <summary>RFC 6381 codec string, as manifests want it.</summary>
    public abstract string CodecString { get; }

    /// <summary>The configuration record, verbatim where its case does not say otherwise.</summary>
    public abstract ReadOnlyMemory<byte> Record { get; }

    /// <summary>What its pictures are; <see langword="null"/> for sound, and where the first sync sample has yet to say it (<see cref="Completed"/>).</summary>
    public virtual PictureFormat? Picture => null;

    /// <summary>What its sound is; <see langword="null"/> for video.</summary>
    public virtual SoundFormat? Sound => null;

    /// <summary>Whether it says all that an init segment needs.</summary>
    public bool IsComplete => Picture is not null || Sound is not null;

    /// <summary>Looks into a sample's payload, as its own bits have it. Bounded, and never an exception.</summary>
    /// <param name="payload">The coded bytes, as <see cref="MediaSample.Payload"/> has them.</param>
    /// <param name="frame">What it is.</param>
    /// <returns><see langword="false"/> when the bytes are no such sample.</returns>
    public abstract bool TryInspect(ReadOnlySpan<byte> payload, out CodedFrame frame);

    /// <summary>
    /// The configuration with what a sync sample says and the record does not: the picture size of VP9, a changed sequence header of AV1, other parameter sets of H.264 and
    /// HEVC. The same instance when that is nothing new.
    /// </summary>
    /// <param name="syncSample">A payload that <see cref="TryInspect"/> calls a sync sample.</param>
    /// <exception cref="InvalidCodecConfigException">What the sample says breaks its codec's rules, or is over our limits.</exception>
    public virtual CodecConfig Completed(ReadOnlySpan<byte> syncSample) => this;

    /// <summary>H.264: ISO/IEC 14496-15 AVCDecoderConfigurationRecord, with what its first SPS says.</summary>
    public sealed record Avc : CodecConfig
    {
        private Avc(ReadOnlyMemory<byte> record, AvcDecoderConfiguration configuration)
        {
            (Record, Configuration) = (record, configuration);
            Picture = new PictureFormat(
                Sequence.Width, Sequence.Height, Sequence.SampleAspectWidth, Sequence.SampleAspectHeight, Sequence.FramesPerSecond, Sequence.Color);
        }

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Video;

        /// <summary>The configuration record, verbatim or with parameter sets that the stream has said since.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The record, read.</summary>
        public AvcDecoderConfiguration Configuration { get; }

        /// <summary>What the first SPS says.</summary>
        public AvcSequenceParameters Sequence => Configuration.Sequence;

        /// <inheritdoc/>
        public override PictureFormat Picture { get; }

        /// <inheritdoc/>
        public override string CodecString => $"avc1.{Sequence.ProfileIdc:x2}{Sequence.ConstraintFlags:x2}{Sequence.LevelIdc:x2}";

        /// <summary>Reads and checks a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">It breaks ISO/IEC 14496-15 or ITU-T H.264, or is over our limits; the message says where.</exception>
        public static Avc Parse(ReadOnlySpan<byte> record)
        {
            AvcDecoderConfiguration.CheckLength(record.Length);
            var copy = record.ToArray();
            return new Avc(copy, AvcDecoderConfiguration.Parse(copy));
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out CodedFrame frame) => NalUnitReader.TryInspectAvc(payload, Configuration.NalLengthSize, out frame);

        /// <inheritdoc/>
        public override CodecConfig Completed(ReadOnlySpan<byte> syncSample) => Configuration.Renew(syncSample) is { } renewed ? Parse(renewed) : this;

        /// <summary>Equal when the bytes are.</summary>
        public bool Equals(Avc? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }

    /// <summary>AAC: ISO/IEC 14496-3 AudioSpecificConfig.</summary>
    public sealed record Aac : CodecConfig
    {
        private Aac(ReadOnlyMemory<byte> record, AacAudioConfig audio) =>
            (Record, Audio, Sound) = (record, audio, new SoundFormat(audio.SampleRate, audio.Channels));

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <inheritdoc/>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The record, read.</summary>
        public AacAudioConfig Audio { get; }

        /// <inheritdoc/>
        public override SoundFormat Sound { get; }

        /// <inheritdoc/>
        public override string CodecString => $"mp4a.40.{Audio.ObjectType}";

        /// <summary>Reads and checks a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">It breaks ISO/IEC 14496-3, or is something players cannot take; the message says where.</exception>
        public static Aac Parse(ReadOnlySpan<byte> record)
        {
            var audio = AacAudioConfig.Parse(record);
            return new Aac(record.ToArray(), audio);
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out CodedFrame frame)
        {
            frame = CodedFrame.OfSound(Audio.SamplesPerFrame);
            return !payload.IsEmpty;
        }

        /// <summary>Equal when the bytes are.</summary>
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

/// <summary>A codec configuration is broken or beyond our limits. The encoder's mistake; the message says what and where.</summary>
public sealed class InvalidCodecConfigException(string message) : Exception(message);

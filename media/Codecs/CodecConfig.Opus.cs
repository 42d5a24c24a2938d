namespace Broadcast.Media;

/// <content>Opus.</content>
public abstract partial record CodecConfig
{
    /// <summary>Opus: the identification header of RFC 7845, 5.1. Its clock is always 48 kHz.</summary>
    public sealed record Opus : CodecConfig
    {
        private Opus(ReadOnlyMemory<byte> record, OpusHeader header) => (Record, Header, Sound) = (record, header, new SoundFormat(OpusHeader.SampleRate, header.Channels));

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <summary>The identification header, beginning with <c>OpusHead</c>, verbatim.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The header, read.</summary>
        public OpusHeader Header { get; }

        /// <inheritdoc/>
        public override SoundFormat Sound { get; }

        /// <summary>In lower case, as browsers want it.</summary>
        public override string CodecString => "opus";

        /// <summary>Reads and checks a header; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">It breaks RFC 7845, or is something players cannot take; the message says where.</exception>
        public static Opus Parse(ReadOnlySpan<byte> header)
        {
            // Checked before it is copied, so that nothing long is.
            var copy = header.Length <= 512 ? header.ToArray() : throw new InvalidCodecConfigException($"An Opus header of {header.Length} bytes is over 512.");
            return new Opus(copy, OpusHeader.Parse(copy));
        }

        /// <summary>For encoders that send no header: mono or stereo (Enhanced RTMP v2), with the usual delay of 6.5 ms.</summary>
        /// <exception cref="ArgumentOutOfRangeException">There are neither one nor two channels.</exception>
        public static Opus Default(int channels = 2)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, 2);
            return Parse(new OpusHeader(channels, 312, OpusHeader.SampleRate, 0, 0, default).Write());
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out CodedFrame frame)
        {
            frame = CodedFrame.OfSound(OpusHeader.SamplesIn(payload));
            return frame.Samples > 0;
        }

        /// <summary>Equal when the bytes are.</summary>
        public bool Equals(Opus? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}

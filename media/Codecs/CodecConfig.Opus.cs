namespace Broadcast.Media.Codecs;

/// <content>Opus.</content>
public abstract partial record CodecConfig
{
    /// <summary>Opus: the identification header of RFC 7845, 5.1. Its timescale is always 48 kHz.</summary>
    public sealed record Opus : CodecConfig
    {
        private Opus(ReadOnlyMemory<byte> record, OpusHeader header) =>
            (Record, Header, AudioFormat) = (record, header, new AudioFormat(OpusHeader.SampleRate, header.Channels));

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <summary>The identification header, starting with <c>OpusHead</c>, verbatim.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The parsed header.</summary>
        public OpusHeader Header { get; }

        /// <inheritdoc/>
        public override AudioFormat AudioFormat { get; }

        /// <summary>Lower case, as browsers require.</summary>
        public override string CodecString => "opus";

        /// <summary>Parses and validates a header; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">The header violates RFC 7845, or is not playable; the message says
        /// where.</exception>
        public static Opus Parse(ReadOnlySpan<byte> header)
        {
            // The length is checked before the header is copied.
            var copy = header.Length <= 512 ? header.ToArray()
                : throw new InvalidCodecConfigException($"An Opus header of {header.Length} bytes exceeds 512.");
            return new Opus(copy, OpusHeader.Parse(copy));
        }

        /// <summary>
        /// Default configuration for encoders that send no header: mono or stereo (Enhanced RTMP v2), with the usual delay of 6.5 ms.
        /// </summary>
        /// <exception cref="ArgumentOutOfRangeException">The number of channels is neither 1 nor 2.</exception>
        public static Opus Default(int channels = 2)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(channels, 2);
            return Parse(new OpusHeader(channels, 312, OpusHeader.SampleRate, 0, 0, default).Write());
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame)
        {
            frame = FrameInfo.OfAudio(OpusHeader.SamplesIn(payload));
            return frame.Samples > 0;
        }

        /// <summary>Returns whether the record bytes are equal.</summary>
        public bool Equals(Opus? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}

namespace Broadcast.Media.Codecs;

/// <content>FLAC.</content>
public abstract partial record CodecConfig
{
    /// <summary>FLAC: the STREAMINFO block (RFC 9639, 8.2).</summary>
    public sealed record Flac : CodecConfig
    {
        private Flac(ReadOnlyMemory<byte> record, FlacStreamInfo stream) =>
            (Record, Stream, AudioFormat) = (record, stream, new AudioFormat(stream.SampleRate, stream.Channels));

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <summary>
        /// The STREAMINFO block marked as the last one, which is the content of <c>dfLa</c>. Comments and embedded images are omitted
        /// because they may be long.
        /// </summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The parsed block.</summary>
        public FlacStreamInfo Stream { get; }

        /// <inheritdoc/>
        public override AudioFormat AudioFormat { get; }

        /// <inheritdoc/>
        public override string CodecString => "fLaC";

        /// <summary>
        /// Parses and validates a header; the bytes are copied. Accepts metadata blocks with or without <c>fLaC</c>, and the bare
        /// STREAMINFO content without a block header, as sent by ffmpeg.
        /// </summary>
        /// <exception cref="InvalidCodecConfigException">The header violates RFC 9639, or is not playable; the message says
        /// where.</exception>
        public static Flac Parse(ReadOnlySpan<byte> header)
        {
            const int Bare = FlacStreamInfo.BlockLength - FlacStreamInfo.BlockHeaderLength;
            var blocks = header.Length == Bare ? [0x80, 0, 0, Bare, .. header] : header.StartsWith("fLaC"u8) ? header[4..] : header;
            var stream = FlacStreamInfo.Parse(blocks);
            byte[] record = [0x80, .. blocks[1..FlacStreamInfo.BlockLength]];
            return new Flac(record, stream);
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame)
        {
            frame = FrameInfo.OfAudio(FlacStreamInfo.SamplesIn(payload));
            return frame.Samples > 0;
        }

        /// <summary>Returns whether the record bytes are equal.</summary>
        public bool Equals(Flac? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}

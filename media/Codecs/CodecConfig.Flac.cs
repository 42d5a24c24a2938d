namespace Broadcast.Media;

/// <content>FLAC.</content>
public abstract partial record CodecConfig
{
    /// <summary>FLAC: the STREAMINFO block of RFC 9639, 8.2.</summary>
    public sealed record Flac : CodecConfig
    {
        private Flac(ReadOnlyMemory<byte> record, FlacStreamInfo stream) =>
            (Record, Stream, Sound) = (record, stream, new SoundFormat(stream.SampleRate, stream.Channels));

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <summary>The STREAMINFO block alone, marked as the last: what <c>dfLa</c> holds. Comments and pictures, which may be long, are left out.</summary>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <summary>The block, read.</summary>
        public FlacStreamInfo Stream { get; }

        /// <inheritdoc/>
        public override SoundFormat Sound { get; }

        /// <inheritdoc/>
        public override string CodecString => "fLaC";

        /// <summary>
        /// Reads and checks a header: metadata blocks, with or without <c>fLaC</c> before them, or what stands in STREAMINFO alone, without the block's own header, which is
        /// what ffmpeg sends; the bytes are copied.
        /// </summary>
        /// <exception cref="InvalidCodecConfigException">It breaks RFC 9639, or is something players cannot take; the message says where.</exception>
        public static Flac Parse(ReadOnlySpan<byte> header)
        {
            const int Bare = FlacStreamInfo.BlockLength - FlacStreamInfo.BlockHeaderLength;
            var blocks = header.Length == Bare ? [0x80, 0, 0, Bare, .. header] : header.StartsWith("fLaC"u8) ? header[4..] : header;
            var stream = FlacStreamInfo.Parse(blocks);
            byte[] record = [0x80, .. blocks[1..FlacStreamInfo.BlockLength]];
            return new Flac(record, stream);
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out CodedFrame frame)
        {
            frame = CodedFrame.OfSound(FlacStreamInfo.SamplesIn(payload));
            return frame.Samples > 0;
        }

        /// <summary>Equal when the bytes are.</summary>
        public bool Equals(Flac? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}

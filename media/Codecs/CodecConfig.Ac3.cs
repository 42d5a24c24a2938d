namespace Broadcast.Media.Codecs;

/// <content>AC-3.</content>
public abstract partial record CodecConfig
{
    /// <summary>AC-3. All parameters come from its frames; the record is the content of <c>dac3</c> (ETSI TS 102 366, F.4).</summary>
    public sealed record Ac3 : CodecConfig
    {
        private const int Length = 3;

        private Ac3(ReadOnlyMemory<byte> record, AudioFormat format) => (Record, AudioFormat) = (record, format);

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <inheritdoc/>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <inheritdoc/>
        public override AudioFormat AudioFormat { get; }

        /// <inheritdoc/>
        public override string CodecString => "ac-3";

        /// <summary>Creates a configuration from a frame.</summary>
        /// <exception cref="InvalidCodecConfigException">The bytes are not a complete AC-3 frame.</exception>
        public static Ac3 FromFrame(ReadOnlySpan<byte> frame) => TryFromFrame(frame)
            ?? throw new InvalidCodecConfigException($"{frame.Length} bytes do not start with a complete AC-3 frame.");

        /// <summary>Creates a configuration from a frame.</summary>
        /// <returns><see langword="null"/> when the bytes are not a complete AC-3 frame.</returns>
        public static Ac3? TryFromFrame(ReadOnlySpan<byte> frame)
        {
            if (!Ac3Frame.TryRead(frame, out var read))
            {
                return null;
            }

            var value = (read.RateCode << 22) | (read.StreamId << 17) | (read.Mode << 14) | (read.ChannelMode << 11)
                | ((read.HasLfe ? 1 : 0) << 10) | (read.BitRateCode << 5);
            return Parse([(byte)(value >> 16), (byte)(value >> 8), (byte)value]);
        }

        /// <summary>Parses and validates a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">The record violates ETSI TS 102 366.</exception>
        public static Ac3 Parse(ReadOnlySpan<byte> record)
        {
            if (record.Length != Length)
            {
                throw new InvalidCodecConfigException($"An AC-3 record of {record.Length} bytes is invalid; expected {Length} bytes.");
            }

            var bits = new BitReader(record, "AC-3 record");
            var (rate, stream) = ((int)bits.Bits(2), bits.Bits(5));
            if (rate == 3 || stream > 8)
            {
                throw new InvalidCodecConfigException($"An AC-3 record has the reserved sample rate code {rate} or stream id {stream}.");
            }

            bits.Skip(3);
            return new Ac3(record.ToArray(), new AudioFormat(Ac3Frame.RateOf(rate), Ac3Frame.ChannelsOf((int)bits.Bits(3), bits.Flag())));
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame)
        {
            frame = FrameInfo.OfAudio(Ac3Frame.SamplesIn(payload));
            return frame.Samples > 0;
        }

        /// <summary>
        /// A new configuration when a frame has another sample rate, service or channels. Another bitrate alone changes nothing.
        /// </summary>
        /// <exception cref="InvalidCodecConfigException">The bytes are not a complete AC-3 frame.</exception>
        public override CodecConfig CompleteFrom(ReadOnlySpan<byte> syncSample)
        {
            var next = FromFrame(syncSample);
            var old = Record.Span;
            var now = next.Record.Span;
            return old[0] == now[0] && ((old[1] ^ now[1]) & 0xFC) == 0 ? this : next;
        }

        /// <summary>Returns whether the record bytes are equal.</summary>
        public bool Equals(Ac3? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}

namespace Broadcast.Media;

/// <content>AC-3.</content>
public abstract partial record CodecConfig
{
    /// <summary>AC-3. Its frames say all; the record is what <c>dac3</c> holds (ETSI TS 102 366, F.4).</summary>
    public sealed record Ac3 : CodecConfig
    {
        private const int Length = 3;

        private Ac3(ReadOnlyMemory<byte> record, SoundFormat sound) => (Record, Sound) = (record, sound);

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <inheritdoc/>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <inheritdoc/>
        public override SoundFormat Sound { get; }

        /// <inheritdoc/>
        public override string CodecString => "ac-3";

        /// <summary>Makes a record of what a frame says.</summary>
        /// <exception cref="InvalidCodecConfigException">It is no whole frame of AC-3.</exception>
        public static Ac3 FromFrame(ReadOnlySpan<byte> frame)
        {
            if (!Ac3Frame.TryRead(frame, out var read))
            {
                throw new InvalidCodecConfigException($"{frame.Length} bytes do not begin with a whole frame of AC-3.");
            }

            var value = (read.RateCode << 22) | (read.StreamId << 17) | (read.Mode << 14) | (read.ChannelMode << 11) | ((read.HasEffects ? 1 : 0) << 10) | (read.BitRateCode << 5);
            return Parse([(byte)(value >> 16), (byte)(value >> 8), (byte)value]);
        }

        /// <summary>Reads and checks a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">It breaks ETSI TS 102 366.</exception>
        public static Ac3 Parse(ReadOnlySpan<byte> record)
        {
            if (record.Length != Length)
            {
                throw new InvalidCodecConfigException($"An AC-3 record of {record.Length} bytes is not {Length} bytes long.");
            }

            var bits = new BitReader(record, "AC-3 record");
            var (rate, stream) = ((int)bits.Bits(2), bits.Bits(5));
            if (rate == 3 || stream > 8)
            {
                throw new InvalidCodecConfigException($"An AC-3 record names sample rate {rate} and stream {stream}, which are reserved.");
            }

            bits.Skip(3);
            return new Ac3(record.ToArray(), new SoundFormat(Ac3Frame.RateOf(rate), Ac3Frame.ChannelsOf((int)bits.Bits(3), bits.Flag())));
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out CodedFrame frame)
        {
            frame = CodedFrame.OfSound(Ac3Frame.SamplesIn(payload));
            return frame.Samples > 0;
        }

        /// <summary>Another configuration where a frame has another sample rate, service or channels; another bit rate alone is nothing new.</summary>
        /// <exception cref="InvalidCodecConfigException">It is no whole frame of AC-3.</exception>
        public override CodecConfig Completed(ReadOnlySpan<byte> syncSample)
        {
            var next = FromFrame(syncSample);
            var old = Record.Span;
            var now = next.Record.Span;
            return old[0] == now[0] && ((old[1] ^ now[1]) & 0xFC) == 0 ? this : next;
        }

        /// <summary>Equal when the bytes are.</summary>
        public bool Equals(Ac3? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);
    }
}

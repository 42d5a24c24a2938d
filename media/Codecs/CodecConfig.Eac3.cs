namespace Broadcast.Media.Codecs;

/// <content>E-AC-3.</content>
public abstract partial record CodecConfig
{
    /// <summary>E-AC-3. All parameters come from its frames; the record is the content of <c>dec3</c> (ETSI TS 102 366, F.6).</summary>
    public sealed record Eac3 : CodecConfig
    {
        private const int HeadLength = 2;
        private const int MaxLength = 64;
        private const int MaxSubstreams = 8;

        private Eac3(ReadOnlyMemory<byte> record, AudioFormat format) => (Record, AudioFormat) = (record, format);

        /// <inheritdoc/>
        public override TrackKind Kind => TrackKind.Audio;

        /// <inheritdoc/>
        public override ReadOnlyMemory<byte> Record { get; }

        /// <inheritdoc/>
        public override AudioFormat AudioFormat { get; }

        /// <inheritdoc/>
        public override string CodecString => "ec-3";

        /// <summary>Creates a configuration from the frames of an access unit, one per substream.</summary>
        /// <exception cref="InvalidCodecConfigException">The frames are incomplete, or have an unsupported sample rate.</exception>
        public static Eac3 FromFrame(ReadOnlySpan<byte> frame) => TryFromFrame(frame)
            ?? throw new InvalidCodecConfigException(
                $"{frame.Length} bytes are not complete E-AC-3 frames of 1 to {MaxSubstreams} substreams at 32, 44.1 or 48 kHz.");

        /// <summary>Creates a configuration from the frames of an access unit, one per substream.</summary>
        /// <returns><see langword="null"/> when the frames are incomplete, or have an unsupported sample rate.</returns>
        public static Eac3? TryFromFrame(ReadOnlySpan<byte> frame)
        {
            Span<(Eac3Frame First, int Dependents, int Locations)> substreams = stackalloc (Eac3Frame, int, int)[MaxSubstreams];
            var count = 0;
            var rest = frame;
            while (!rest.IsEmpty)
            {
                if (!Eac3Frame.TryRead(rest, out var read) || (read.IsDependent && count == 0) || read.RateCode == 3)
                {
                    return null;
                }

                if (!read.IsDependent && count > 0 && read.Substream <= substreams[count - 1].First.Substream)
                {
                    break; // the next blocks of a known substream
                }

                rest = rest[read.Length..];

                if (!read.IsDependent && count == MaxSubstreams)
                {
                    return null;
                }

                substreams[count - (read.IsDependent ? 1 : 0)] = read.IsDependent
                    ? (substreams[count - 1].First, Math.Min(substreams[count - 1].Dependents + 1, 15),
                        substreams[count - 1].Locations | read.ChannelLocations)
                    : (read, 0, 0);
                count += read.IsDependent ? 0 : 1;
            }

            return count == 0 ? null : Parse(Write(substreams[..count], frame.Length - rest.Length));
        }

        /// <summary>Parses and validates a record; the bytes are copied.</summary>
        /// <exception cref="InvalidCodecConfigException">The record violates ETSI TS 102 366, or has an unsupported sample
        /// rate.</exception>
        public static Eac3 Parse(ReadOnlySpan<byte> record)
        {
            if (record.Length is < HeadLength + 3 or > MaxLength)
            {
                throw new InvalidCodecConfigException(
                    $"An E-AC-3 record of {record.Length} bytes is invalid; expected {HeadLength + 3} to {MaxLength} bytes.");
            }

            var bits = new BitReader(record[HeadLength..], "E-AC-3 record");
            var (rate, stream) = ((int)bits.Bits(2), bits.Bits(5));
            if (rate == 3 || stream is < 11 or > 16)
            {
                throw new InvalidCodecConfigException(
                    $"An E-AC-3 record has the unsupported sample rate code {rate} or stream id {stream}.");
            }

            bits.Skip(1 + 1 + 3);
            var (mode, hasLfe) = ((int)bits.Bits(3), bits.Flag());
            bits.Skip(3);
            var locations = bits.Bits(4) > 0 ? (int)bits.Bits(9) : 0;
            return new Eac3(record.ToArray(),
                new AudioFormat(Ac3Frame.RateOf(rate), Ac3Frame.ChannelsOf(mode, hasLfe) + Eac3Frame.ChannelsOf(locations)));
        }

        /// <inheritdoc/>
        public override bool TryInspect(ReadOnlySpan<byte> payload, out FrameInfo frame)
        {
            frame = FrameInfo.OfAudio(Eac3Frame.SamplesIn(payload));
            return frame.Samples > 0;
        }

        /// <summary>
        /// A new configuration when frames have another sample rate, service or channels. Another bitrate alone changes nothing.
        /// </summary>
        /// <exception cref="InvalidCodecConfigException">The frames are incomplete.</exception>
        public override CodecConfig CompleteFrom(ReadOnlySpan<byte> syncSample)
        {
            var next = FromFrame(syncSample);
            var old = Record.Span;
            var now = next.Record.Span;
            return ((old[1] ^ now[1]) & 7) == 0 && old[HeadLength..].SequenceEqual(now[HeadLength..]) ? this : next;
        }

        /// <summary>Returns whether the record bytes are equal.</summary>
        public bool Equals(Eac3? other) => other is not null && Record.Span.SequenceEqual(other.Record.Span);

        /// <inheritdoc/>
        public override int GetHashCode() => HashOf(Record.Span);

        private static byte[] Write(ReadOnlySpan<(Eac3Frame First, int Dependents, int Locations)> substreams, int length)
        {
            var first = substreams[0].First;
            var kilobits = Math.Min((long)length * 8 * Ac3Frame.RateOf(first.RateCode) / (first.Blocks * 256) / 1000, 0x1FFF);
            var head = (uint)(kilobits << 3) | (uint)(substreams.Length - 1);
            var record = new List<byte> { (byte)(head >> 8), (byte)head };
            foreach (var (frame, dependents, locations) in substreams)
            {
                // Fields: fscod, bsid, reserved, asvc, bsmod (main service), acmod, lfeon; then reserved, num_dep_sub, and chan_loc or a
                // reserved bit.
                var value = (frame.RateCode << 14) | (frame.StreamId << 9) | (frame.ChannelMode << 1) | (frame.HasLfe ? 1 : 0);
                record.AddRange([(byte)(value >> 8), (byte)value]);
                var tail = (dependents << 9) | locations;
                record.AddRange(dependents > 0 ? [(byte)(tail >> 8), (byte)tail] : [0]);
            }

            return [.. record];
        }
    }
}

using Broadcast.Cluster.Relays;
using Broadcast.Media.IngestToCluster;
using Broadcast.Testing;

namespace Broadcast.Cluster.Tests.Relays;

/// <summary>Messages of an encoder that the owner of its session has not processed.</summary>
public sealed class MessageBufferTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly MessageBuffer _buffer;
    private uint _timestamp;

    public MessageBufferTests() => _buffer = new MessageBuffer(_time);

    [Fact]
    public async Task Messages_are_taken_once_and_in_order_with_their_age()
    {
        var added = _buffer.WhenAddedAsync();
        added.IsCompleted.ShouldBeFalse();
        Add("C K m");
        await added;
        _time.Advance(TimeSpan.FromSeconds(2));
        Add("m");

        var batch = _buffer.Take();

        batch.Select(entry => entry.Message.Timestamp).ShouldBe([1u, 2u, 3u, 4u]);
        batch.Select(entry => entry.Age.TotalSeconds).ShouldBe([2, 2, 2, 0]);
        _buffer.Take().ShouldBeEmpty();
        _buffer.WhenAddedAsync().IsCompleted.ShouldBeFalse();
        Add("m");
        _buffer.WhenAddedAsync().IsCompleted.ShouldBeTrue();
        Taken().ShouldBe("m5");
    }

    [Fact]
    public void Batches_are_limited_in_messages_and_bytes()
    {
        for (var i = 0; i < 300; i++)
        {
            Add("m");
        }

        (_buffer.Take().Count, _buffer.Take().Count, _buffer.Take().Count).ShouldBe((256, 44, 0));
        Add("m", 700_000);
        Add("m", 700_000);
        Add("m", 3_000_000);
        Add("m");
        Enumerable.Range(0, 5).Select(_ => _buffer.Take().Count).ShouldBe([1, 1, 1, 1, 0]);
    }

    [Fact]
    public void Acknowledged_messages_leave_room_for_new_ones()
    {
        Add("C K");
        for (var i = 0; i < 10_000; i++)
        {
            Add("K", 4 << 20);
            _buffer.Take();
            _buffer.Acknowledge((ulong)(i + 3));
        }

        _buffer.Dropped.ShouldBe(0);
    }

    [Fact]
    public void Acknowledgement_of_messages_that_were_not_sent_has_no_effect()
    {
        Add("C K m");
        _buffer.Acknowledge(1000);
        Taken().ShouldBe("C1 K2 m3");
        _buffer.Acknowledge(2);
        _buffer.Acknowledge(1);
        Add("K m");
        Taken().ShouldBe("K4 m5");
        _buffer.Restart();
        Taken().ShouldBe("C4 K4 m5");
    }

    [Fact]
    public void Messages_over_the_limit_of_bytes_are_dropped_up_to_the_next_keyframe()
    {
        Add("C");
        for (var i = 0; i < 16; i++)
        {
            Add("K", 1 << 20);
        }

        _buffer.Dropped.ShouldBe(1, "the last one and the configuration exceed the limit");
        _buffer.Take();
        _buffer.Take();
        _buffer.Acknowledge(2);
        Add("m a m");
        _buffer.Dropped.ShouldBe(4);
        Add("K m");
        _buffer.Dropped.ShouldBe(4);
    }

    [Fact]
    public void Messages_are_dropped_while_the_oldest_is_too_old()
    {
        Add("C K");
        Taken().ShouldBe("C1 K2");
        _time.Advance(MessageBuffer.MaxAge + TimeSpan.FromMilliseconds(1));
        Add("K m K");
        _buffer.Dropped.ShouldBe(3);

        _buffer.Acknowledge(2);
        Add("m K m");

        _buffer.Dropped.ShouldBe(4);
        Taken().ShouldBe("K7 m8");
    }

    [Fact]
    public void Configurations_among_dropped_messages_precede_the_next_keyframe()
    {
        Add("D C K");
        Taken();
        _time.Advance(MessageBuffer.MaxAge * 2);
        Add("m C c m C D");
        _buffer.Acknowledge(3);
        Add("m");
        _buffer.Dropped.ShouldBe(3);

        Add("K m");

        Taken().ShouldBe("D11 C11 c11 K11 m12");
    }

    [Fact]
    public void Stream_without_video_needs_no_keyframe_after_dropped_messages()
    {
        Add("c a");
        Taken();
        _time.Advance(MessageBuffer.MaxAge * 2);
        Add("a a");
        _buffer.Dropped.ShouldBe(2);
        _buffer.Acknowledge(2);

        Add("a a");

        _buffer.Dropped.ShouldBe(2);
        Taken().ShouldBe("a5 a6");
        _buffer.Restart();
        Taken().ShouldBe("c5 a5 a6");
    }

    [Fact]
    public void New_connection_begins_with_metadata_configurations_and_the_first_keyframe()
    {
        Add("D C c K m a m");
        Taken();
        _buffer.Acknowledge(5);
        Add("K m");
        Taken().ShouldBe("K8 m9");

        _buffer.Restart();

        Taken().ShouldBe("D8 C8 c8 K8 m9");
        _buffer.Dropped.ShouldBe(2);
        _buffer.Acknowledge(5);
        Add("m");
        Taken().ShouldBe("m10");
        _buffer.Restart();
        _buffer.Dropped.ShouldBe(3, "the last frame cannot be decoded without its keyframe");
        Taken().ShouldBe("D10 C10 c10");
        Add("m a");
        Taken().ShouldBe("");
        Add("K m");
        Taken().ShouldBe("K13 m14");
    }

    [Fact]
    public void New_connection_begins_with_the_configuration_of_its_first_keyframe()
    {
        Add("C K m");
        Taken();
        Add("C K");

        _buffer.Restart();

        Taken().ShouldBe("C2 K2 m3 C4 K5");
    }

    [Fact]
    public void New_connections_before_anything_was_processed_repeat_everything()
    {
        Add("D C K m");
        for (var i = 0; i < 5; i++)
        {
            _buffer.Restart();
            Taken().ShouldBe("D3 C3 K3 m4");
        }

        _buffer.Dropped.ShouldBe(0);
    }

    [Fact]
    public void Messages_keep_their_arrival_over_new_connections()
    {
        Add("C K");
        _time.Advance(TimeSpan.FromSeconds(3));
        _buffer.Restart();
        _time.Advance(TimeSpan.FromSeconds(1));

        _buffer.Take().Select(entry => entry.Age.TotalSeconds).ShouldBe([4, 4]);
    }

    [Fact]
    public void Number_of_configurations_is_limited()
    {
        for (var track = 0; track < 1000; track++)
        {
            _buffer.Add(new RelayedMessage(9, 0, new byte[10], RelayedContent.Configuration, track));
        }

        while (_buffer.Take().Count > 0)
        {
        }

        _buffer.Acknowledge(1000);
        _buffer.Restart();

        _buffer.Take().Count.ShouldBe(64);
    }

    /// <summary>Any interruptions: the owner decodes only what follows a keyframe and its configurations.</summary>
    [Fact]
    public void Every_stream_of_messages_to_an_owner_can_be_decoded()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var (random, time) = (new Random(seed), new ManualTimeProvider());
            var buffer = new MessageBuffer(time);
            var (version, timestamp, known, decodes, taken, expected) = (0, 0u, -1, true, 0UL, 1u);
            buffer.Add(Configuration(++timestamp, ++version));
            for (var step = 0; step < 400; step++)
            {
                switch (random.Next(12))
                {
                    case 0:
                        buffer.Add(Configuration(++timestamp, ++version));
                        break;
                    case 1 or 2:
                        buffer.Add(Frame(++timestamp, version, RelayedContent.Keyframe));
                        break;
                    case 3 or 4 or 5:
                        buffer.Add(Frame(++timestamp, version, RelayedContent.Media));
                        break;
                    case 6 or 7 or 8:
                        foreach (var (message, _) in buffer.Take())
                        {
                            taken++;
                            if (message.Content == RelayedContent.Configuration)
                            {
                                known = Version(message);
                                continue;
                            }

                            var isNext = Enumerable.Range((int)expected, (int)Math.Max(0, message.Timestamp - (long)expected))
                                .All(at => IsConfiguration((uint)at)) && message.Timestamp >= expected;
                            decodes = message.Content == RelayedContent.Keyframe || (decodes && isNext);
                            decodes.ShouldBeTrue($"seed {seed}: frame {message.Timestamp} has no reference");
                            known.ShouldBe(Version(message), $"seed {seed}: frame {message.Timestamp} has another configuration");
                            expected = message.Timestamp + 1;
                        }

                        break;
                    case 9:
                        buffer.Acknowledge((ulong)random.NextInt64((long)taken + 1));
                        break;
                    case 10:
                        time.Advance(TimeSpan.FromSeconds(random.Next(10)));
                        break;
                    default:
                        buffer.Restart();
                        (known, decodes, taken) = (-1, false, 0);
                        break;
                }
            }

            // A configuration between two frames does not separate them.
            bool IsConfiguration(uint at) => _configurations.Contains((seed, at));

            RelayedMessage Configuration(uint at, int number)
            {
                _configurations.Add((seed, at));
                return new(9, at, BitConverter.GetBytes(number), RelayedContent.Configuration, 0);
            }
        }

        static RelayedMessage Frame(uint at, int number, RelayedContent content)
        {
            var payload = new byte[1 << 16];
            BitConverter.TryWriteBytes(payload, number);
            return new(9, at, payload, content, 0);
        }

        static int Version(RelayedMessage message) => BitConverter.ToInt32(message.Payload.Span);
    }

    private readonly HashSet<(int Seed, uint At)> _configurations = [];

    /// <summary>Adds messages: D metadata, C and c configurations of video and audio, K keyframe, m frame, a audio.</summary>
    private void Add(string messages, int length = 100)
    {
        foreach (var kind in messages.Split(' '))
        {
            var type = (byte)(kind == "D" ? 18 : kind is "c" or "a" ? 8 : 9);
            _buffer.Add(new RelayedMessage(type, ++_timestamp, new byte[length], kind switch
            {
                "D" => RelayedContent.Metadata,
                "C" or "c" => RelayedContent.Configuration,
                "K" => RelayedContent.Keyframe,
                _ => RelayedContent.Media,
            }, 0));
        }
    }

    /// <summary>Takes a batch; each message with its timestamp.</summary>
    private string Taken() => string.Join(' ', _buffer.Take().Select(entry => (entry.Message.Content, entry.Message.Type) switch
    {
        (RelayedContent.Metadata, _) => "D",
        (RelayedContent.Configuration, 9) => "C",
        (RelayedContent.Configuration, _) => "c",
        (RelayedContent.Keyframe, _) => "K",
        (_, 9) => "m",
        _ => "a",
    } + entry.Message.Timestamp));
}

using Broadcast.Media;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Broadcast.Control;

/// <summary>A working stream key and its channel, as a publisher needs them.</summary>
internal sealed record KeyRecord(
    string KeyId, byte[] Hash, DateTimeOffset? ExpiresAt, long ChannelId, ChannelName Channel, string Ladder, LatencyProfile Latency, TimeSpan ReconnectWindow)
{
    /// <summary>What the key is for.</summary>
    public KeyRole Role { get; init; }

    /// <summary>Which of the channel's inputs its encoder is.</summary>
    public InputRole Input => Role == KeyRole.Backup ? InputRole.Backup : InputRole.Primary;

    /// <summary>What the channel does with an encoder that comes while another has its place.</summary>
    public TakeoverPolicy Takeover { get; init; }

    /// <summary>From which silence on a holder gives way; <see langword="null"/> for <see cref="ControlOptions.TakeoverAfter"/>.</summary>
    public TimeSpan? TakeoverAfter { get; init; }

    /// <summary>How far back viewers of a session that begins with it can go.</summary>
    public TimeSpan Rewind { get; init; }

    /// <summary>Whether a session that begins with it is recorded.</summary>
    public bool IsRecorded { get; init; }

    /// <summary>The channel's languages of tracks of sound, as text (<see cref="TrackLanguages"/>).</summary>
    public string AudioLanguages { get; init; } = "";
}

/// <summary>What is known of a key id.</summary>
/// <param name="Key">The key; <see langword="null"/> when there is none that works.</param>
/// <param name="FromMemory">The database was away and memory answered.</param>
internal readonly record struct KeyAnswer(KeyRecord? Key, bool FromMemory);

/// <summary>
/// Finds stream keys: in the database, and while that is away in the memory of those found before. Memory is trusted for <see cref="ControlOptions.KeyMemory"/> after
/// the last contact with the database: until then every revocation has been heard.
/// </summary>
internal sealed class KeyRegister(Database database, IOptions<ControlOptions> options, TimeProvider time)
{
    private const int MaxRemembered = 10_000;
    private const string Working = """
        SELECT k.hash, k.expires_at, c.id, c.name, c.ladder, c.latency, c.reconnect_window_seconds, k.role, c.takeover, c.takeover_after_seconds, k.id, c.rewind, c.record, c.audio_languages
        FROM stream_keys k JOIN channels c ON c.id = k.channel_id
        WHERE k.revoked_at IS NULL AND c.deleted_at IS NULL
        """;

    private const string Sql = $"{Working} AND k.id = $1";
    private const string Latest = $"{Working} ORDER BY coalesce(k.last_used_at, k.created_at) DESC LIMIT 10000";
    private const string Recent = $"{Working} AND k.created_at > $1 ORDER BY k.created_at DESC LIMIT 1000";
    private const string Changed = $"{Working} AND (c.id = ANY ($1) OR c.id IN (SELECT channel_id FROM stream_keys WHERE id = ANY ($2))) LIMIT 10000";

    private readonly Dictionary<string, KeyRecord> _known = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private long _contact = time.GetTimestamp();
    private long _changes;

    /// <summary>Rises with every change heard of; an answer is current when it has not risen since before the question.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>The database was reached just now.</summary>
    public void Contact() => Interlocked.Exchange(ref _contact, time.GetTimestamp());

    /// <summary>Finds a key.</summary>
    /// <exception cref="ControlException"><see cref="ControlCode.Unavailable"/>: the database is away and memory does not know the key, or is too old.</exception>
    public async ValueTask<KeyAnswer> FindAsync(string keyId, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Value.LookupTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var changes = Changes;
            var key = await LookUpAsync(keyId, linked.Token);
            Contact();
            if (changes == Changes)
            {
                Remember(keyId, key);   // else it may have been revoked since, and would not be forgotten again
            }

            return new(key, FromMemory: false);
        }
        catch (Exception e) when (Database.IsAway(e) || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return Recall(keyId) is { } key
                ? new(key, FromMemory: true)
                : throw new ControlException(ControlCode.Unavailable, "The database is away and the key is not known from before.", e);
        }
    }

    /// <summary>A key found before, whatever the database would say now; <see langword="null"/> when there is none or memory is too old.</summary>
    public KeyRecord? Recall(string keyId)
    {
        lock (_lock)
        {
            return time.GetElapsedTime(Interlocked.Read(ref _contact)) <= options.Value.KeyMemory ? _known.GetValueOrDefault(keyId) : null;
        }
    }

    /// <summary>All key ids remembered.</summary>
    public string[] Remembered()
    {
        lock (_lock)
        {
            return [.. _known.Keys];
        }
    }

    /// <summary>Forgets keys that no longer work, or may not.</summary>
    public void Forget(Func<KeyRecord, bool> which)
    {
        Interlocked.Increment(ref _changes);
        lock (_lock)
        {
            foreach (var key in _known.Values.Where(which).ToList())
            {
                _known.Remove(key.KeyId);
            }
        }
    }

    /// <summary>Remembers the keys that work, the latest used first, so that they are known before their encoders come.</summary>
    public async Task LearnAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Latest, connection);
        await LearnAsync(command, cancellationToken);
    }

    /// <summary>Remembers the keys made since an instant.</summary>
    public async Task LearnAsync(NpgsqlConnection connection, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Recent, connection) { Parameters = { new() { Value = since.UtcDateTime } } };
        await LearnAsync(command, cancellationToken);
    }

    /// <summary>Remembers the keys of channels that changed, and of those to which keys belong that did.</summary>
    public async Task LearnAsync(NpgsqlConnection connection, long[] channels, string[] keyIds, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Changed, connection) { Parameters = { new() { Value = channels }, new() { Value = keyIds } } };
        await LearnAsync(command, cancellationToken);
    }

    private async Task LearnAsync(NpgsqlCommand command, CancellationToken cancellationToken)
    {
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var key = await ReadAsync(reader, cancellationToken);
            Remember(key.KeyId, key);
        }
    }

    private async Task<KeyRecord?> LookUpAsync(string keyId, CancellationToken cancellationToken)
    {
        await using var command = database.Source.CreateCommand(Sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = keyId });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? await ReadAsync(reader, cancellationToken) : null;
    }

    private static async Task<KeyRecord> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken) => new(
        reader.GetString(10),
        reader.GetFieldValue<byte[]>(0),
        await reader.IsDBNullAsync(1, cancellationToken) ? null : reader.GetFieldValue<DateTimeOffset>(1),
        reader.GetInt64(2),
        ChannelName.Parse(reader.GetString(3)),
        reader.GetString(4),
        LatencyProfile.Find(reader.GetString(5)) ?? LatencyProfile.Standard,
        TimeSpan.FromSeconds(reader.GetInt32(6)))
    {
        Role = Enum.Parse<KeyRole>(reader.GetString(7), ignoreCase: true),
        Takeover = Enum.Parse<TakeoverPolicy>(reader.GetString(8), ignoreCase: true),
        TakeoverAfter = reader.GetInt32(9) is var seconds and > 0 ? TimeSpan.FromSeconds(seconds) : null,
        Rewind = Rewind.TryParse(reader.GetString(11), out var rewind) ? rewind : Rewind.Off,
        IsRecorded = reader.GetBoolean(12),
        AudioLanguages = reader.GetString(13),
    };

    private void Remember(string keyId, KeyRecord? key)
    {
        lock (_lock)
        {
            if (key is null)
            {
                _known.Remove(keyId);
                return;
            }

            if (_known.Count >= MaxRemembered && !_known.ContainsKey(keyId))
            {
                _known.Remove(_known.Keys.First());
            }

            _known[keyId] = key;
        }
    }
}

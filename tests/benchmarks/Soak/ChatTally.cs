namespace Broadcast.Benchmarks;

/// <summary>Last known state of a message.</summary>
internal enum TalliedState
{
    /// <summary>The server has accepted it.</summary>
    Shown,

    /// <summary>The server has removed it.</summary>
    Removed,

    /// <summary>The response to the last action on it was lost.</summary>
    Unknown,
}

/// <summary>Messages and votes that the server has accepted, and what moderators have done. Thread-safe.</summary>
internal sealed class ChatTally
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Text, TalliedState State)> _messages = new(StringComparer.Ordinal);
    private readonly HashSet<string> _uncertain = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Accepted, int Uncertain)> _votes = new(StringComparer.Ordinal);

    /// <summary>Accepted messages by id.</summary>
    public IReadOnlyDictionary<string, (string Text, TalliedState State)> Messages
    {
        get
        {
            lock (_lock)
            {
                return new Dictionary<string, (string, TalliedState)>(_messages, StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Texts of messages whose response was lost: they can be stored or not.</summary>
    public IReadOnlySet<string> Uncertain
    {
        get
        {
            lock (_lock)
            {
                return _uncertain.ToHashSet(StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Votes by poll.</summary>
    public IReadOnlyDictionary<string, (int Accepted, int Uncertain)> Votes
    {
        get
        {
            lock (_lock)
            {
                return new Dictionary<string, (int, int)>(_votes, StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Adds an accepted message.</summary>
    /// <returns><see langword="false"/> when another one has the same id.</returns>
    public bool Accept(string id, string text)
    {
        lock (_lock)
        {
            return _messages.TryAdd(id, (text, TalliedState.Shown));
        }
    }

    /// <summary>Adds a message without response.</summary>
    public void AddUncertain(string text)
    {
        lock (_lock)
        {
            _uncertain.Add(text);
        }
    }

    /// <summary>Adds a vote.</summary>
    public void Vote(string poll, bool isAccepted)
    {
        lock (_lock)
        {
            var (accepted, uncertain) = _votes.GetValueOrDefault(poll);
            _votes[poll] = isAccepted ? (accepted + 1, uncertain) : (accepted, uncertain + 1);
        }
    }

    /// <summary>Changes the state of a message.</summary>
    public void Change(string id, TalliedState state)
    {
        lock (_lock)
        {
            _messages[id] = _messages[id] with { State = state };
        }
    }

    /// <summary>Picks a message in a state; <see langword="null"/> when there is none.</summary>
    public string? Pick(TalliedState state, Random random)
    {
        lock (_lock)
        {
            var all = _messages.Where(message => message.Value.State == state).Select(message => message.Key).ToList();
            return all.Count == 0 ? null : all[random.Next(all.Count)];
        }
    }
}

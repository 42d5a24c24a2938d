using Broadcast.Transcoder.Ladder;

namespace Broadcast.Transcoder.Encoders;

/// <summary>
/// Finds the one rung that workers die of, so that the others need not suffer for it: after some deaths in a row each rung is left out in turn, the largest first, until a worker lives. What is found is left out for
/// <see cref="FirstRest"/>, then tried again; one death is then enough to leave it out for twice as long. A copy that viewers get instead of the source is never left out. Pure: told who died, and when.
/// </summary>
internal sealed class Suspicion
{
    /// <summary>A worker that has lived for so long does not die of what it encodes.</summary>
    public static readonly TimeSpan Trial = TimeSpan.FromSeconds(10);

    /// <summary>How long a rung is left out for the first time.</summary>
    public static readonly TimeSpan FirstRest = TimeSpan.FromMinutes(1);

    /// <summary>The longest that this becomes.</summary>
    public static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(10);

    private readonly int _deathsBefore;
    private TimeSpan _rest = FirstRest;
    private TimeSpan _until;
    private string? _found;
    private int _tried = -1;
    private int _deaths;
    private bool _isExhausted;

    /// <param name="deathsBefore">Deaths in a row after which one rung is suspected; 1 or more.</param>
    public Suspicion(int deathsBefore) => _deathsBefore = deathsBefore;

    /// <summary>Name of the rung that is left out; <see langword="null"/> for none.</summary>
    public string? Suspect { get; private set; }

    /// <summary>What the next worker gets.</summary>
    /// <param name="rungs">All that there is time for.</param>
    public IReadOnlyList<Rung> Without(IReadOnlyList<Rung> rungs) =>
        Suspect is { } name && rungs.Count > 1 ? [.. rungs.Where(r => r.Name != name || SourceCopy.Is(r))] : rungs;

    /// <summary>A worker is dead.</summary>
    /// <param name="lived">How long it lived.</param>
    /// <param name="rungs">All that there was time for, with what was left out.</param>
    /// <param name="now">Any clock that only goes forward.</param>
    /// <returns>Whether the next one has other rungs for it: nothing else need be given up.</returns>
    public bool Died(TimeSpan lived, IReadOnlyList<Rung> rungs, TimeSpan now)
    {
        if (lived >= Trial)
        {
            Lived(now);
            (_deaths, _isExhausted) = (1, false);
            return false;
        }

        _deaths++;
        if (_found is not null && Suspect is null && rungs.Any(r => r.Name == _found))
        {
            // It was tried again, and is still what it was.
            _rest = TimeSpan.FromTicks(Math.Min(LongestRest.Ticks, _rest.Ticks * 2));
            (Suspect, _until) = (_found, now + _rest);
            return true;
        }

        if (_isExhausted || _deaths < _deathsBefore || rungs.Count < 2)
        {
            return false;
        }

        _tried++;
        while (_tried < rungs.Count && SourceCopy.Is(rungs[_tried]))
        {
            _tried++;
        }

        if (_tried < rungs.Count)
        {
            Suspect = rungs[_tried].Name;
            return true;
        }

        // It is none of them alone.
        (Suspect, _found, _tried, _isExhausted) = (null, null, -1, true);
        return false;
    }

    /// <summary>A worker lives.</summary>
    /// <param name="age">For how long.</param>
    /// <param name="now">Any clock that only goes forward.</param>
    /// <returns>Whether the rung left out is to be tried again now: the next worker gets it too.</returns>
    public bool Look(TimeSpan age, TimeSpan now)
    {
        if (age < Trial)
        {
            return false;
        }

        Lived(now);
        if (Suspect is null)
        {
            // Alive with all of them: what was found has gone away.
            (_found, _rest, _deaths, _isExhausted) = (null, FirstRest, 0, false);
            return false;
        }

        if (now < _until)
        {
            return false;
        }

        Suspect = null;
        return true;
    }

    /// <summary>Another source: what is known of its rungs is none of this one's.</summary>
    public void Forget() => (Suspect, _found, _tried, _deaths, _isExhausted, _rest) = (null, null, -1, 0, false, FirstRest);

    private void Lived(TimeSpan now)
    {
        if (Suspect is not null && _tried >= 0)
        {
            (_found, _tried, _until) = (Suspect, -1, now + _rest);
        }
    }
}

namespace Broadcast.Chat.Filters;

/// <summary>Errors in settings, collected up to a maximum.</summary>
internal sealed class SettingErrors
{
    /// <summary>Maximum number of errors. Further ones are ignored.</summary>
    public const int Max = 10;

    private const int MaxQuote = 80;
    private readonly List<string> _all = [];

    /// <summary>The errors as sentences.</summary>
    public IReadOnlyList<string> All => _all;

    /// <summary>Adds an error.</summary>
    public void Add(string error)
    {
        if (_all.Count < Max)
        {
            _all.Add(error);
        }
    }

    /// <summary>Adds an error when a number is out of its range; <see langword="null"/> is valid.</summary>
    public void Check(int? value, int min, int max, string member)
    {
        if (value < min || value > max)
        {
            Add($"'{member}' is {value}, but must be {min} to {max}.");
        }
    }

    /// <summary>Adds an error when an action does not exist.</summary>
    public void Check(FilterAction value, string member)
    {
        if (value is not (FilterAction.Allow or FilterAction.Hold or FilterAction.Reject))
        {
            Add($"'{member}' must be allow, hold or reject.");
        }
    }

    /// <summary>Shortens a value for use in an error, to at most 80 UTF-16 units.</summary>
    public static string Shorten(string? value)
    {
        if (value is null || value.Length <= MaxQuote)
        {
            return value ?? "null";
        }

        var length = MaxQuote - 1;
        return string.Concat(value.AsSpan(0, char.IsHighSurrogate(value[length - 1]) ? length - 1 : length), "…");
    }
}

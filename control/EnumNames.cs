using System.Collections.Frozen;

namespace Broadcast.Control;

/// <summary>
/// Names of an enum's values in the database, the API and metric labels: the one mapping in both directions, independent of the names of
/// the members.
/// </summary>
/// <typeparam name="T">The enum.</typeparam>
internal sealed class EnumNames<T>
    where T : struct, Enum
{
    private readonly string _meaning;
    private readonly FrozenDictionary<T, string> _names;
    private readonly FrozenDictionary<string, T> _values;

    /// <param name="meaning">Meaning of a value in error messages, such as "state of an event".</param>
    /// <param name="names">Name of each value.</param>
    /// <exception cref="ArgumentException">A value has no name or several, or a name occurs twice.</exception>
    public EnumNames(string meaning, params ReadOnlySpan<(T Value, string Name)> names)
    {
        _meaning = meaning;
        var all = names.ToArray();
        if (Enum.GetValues<T>().Except(all.Select(n => n.Value)).Any())
        {
            throw new ArgumentException($"A value of {typeof(T).Name} has no name.", nameof(names));
        }

        All = [.. all.Select(n => n.Name)];
        _names = all.ToDictionary(n => n.Value, n => n.Name).ToFrozenDictionary();
        _values = all.ToDictionary(n => n.Name, n => n.Value, StringComparer.Ordinal).ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>All names, in the given order.</summary>
    public IReadOnlyList<string> All { get; }

    /// <summary>Gets the name of a value.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of the enum.</exception>
    public string Name(T value) => _names.TryGetValue(value, out var name) ? name
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"'{value}' is not a {_meaning}.");

    /// <summary>Gets the value with a name; <see langword="null"/> when there is none. Letter case matters.</summary>
    public T? Find(string? name) => name is not null && _values.TryGetValue(name, out var value) ? value : null;

    /// <summary>Parses a name.</summary>
    /// <exception cref="FormatException">The name is unknown.</exception>
    public T Parse(string name) => Find(name) ?? throw new FormatException($"'{name}' is not a {_meaning}.");
}

using System.Collections;
using System.ComponentModel;
using System.Globalization;
using System.Reflection;

namespace Broadcast.Host.Configuration;

/// <summary>
/// Validates a configuration against the existing options: reports every unknown key and every invalid value, not only the first.
/// </summary>
internal static class ConfigurationCheck
{
    /// <summary>Sections of other libraries, which are not checked.</summary>
    private static readonly string[] ForeignSections = ["Serilog", "Logging", "AllowedHosts", "Kestrel"];

    /// <summary>Finds all errors.</summary>
    /// <param name="configuration">The merged configuration of files, environment and flags.</param>
    /// <param name="sections">Section names with their options classes.</param>
    public static IReadOnlyList<string> FindErrors(IConfiguration configuration, IReadOnlyDictionary<string, Type> sections)
    {
        var errors = new List<string>();
        foreach (var section in configuration.GetChildren())
        {
            if (ForeignSections.Contains(section.Key, StringComparer.OrdinalIgnoreCase))
            {
                continue;
            }

            var optionsType = sections.FirstOrDefault(s => string.Equals(s.Key, section.Key, StringComparison.OrdinalIgnoreCase)).Value;
            if (optionsType is null)
            {
                errors.AddRange(UnknownSectionErrors(section, sections.Keys));
            }
            else
            {
                Check(section, optionsType, errors);
            }
        }

        return errors;
    }

    private static IEnumerable<string> UnknownSectionErrors(IConfigurationSection section, IEnumerable<string> names)
    {
        if (RenamedOptions.FindError(section.Key) is not { } error)
        {
            return [$"{section.Key} is not a configuration section{Suggest(section.Key, names.Concat(ForeignSections))}."];
        }

        var keys = section.GetChildren().ToList();
        return keys.Count == 0 ? [error] : keys.Select(key => RenamedOptions.FindError(key.Path) ?? $"{key.Path} is not an option.");
    }

    private static void Check(IConfigurationSection section, Type type, List<string> errors)
    {
        var properties = type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.CanWrite || IsComplex(p.PropertyType)).ToList();
        if (section.Value is { Length: > 0 } unexpectedValue)
        {
            errors.Add($"{section.Path} is a section, but is set to the value '{unexpectedValue}'.");
        }

        foreach (var key in section.GetChildren())
        {
            var property = properties.Find(p => string.Equals(p.Name, key.Key, StringComparison.OrdinalIgnoreCase));
            if (property is null)
            {
                errors.Add(RenamedOptions.FindError(key.Path)
                    ?? $"{key.Path} is not an option{Suggest(key.Key, properties.Select(p => p.Name))}.");
            }
            else if (typeof(IEnumerable).IsAssignableFrom(property.PropertyType) && property.PropertyType != typeof(string))
            {
                continue;
            }
            else if (IsComplex(property.PropertyType))
            {
                Check(key, property.PropertyType, errors);
            }
            else if (key.Value is { } value && !CanParse(value, property.PropertyType))
            {
                errors.Add($"{key.Path} is '{Redact(key.Path, value)}', which is not {Describe(property.PropertyType)}.");
            }
        }
    }

    private static bool IsComplex(Type type) => type.IsClass && type != typeof(string) && !typeof(IEnumerable).IsAssignableFrom(type);

    private static bool CanParse(string value, Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        if (target == typeof(string) || (value.Length == 0 && target != type))
        {
            return true;
        }

        try
        {
            TypeDescriptor.GetConverter(target).ConvertFromString(null, CultureInfo.InvariantCulture, value);
            return true;
        }
        catch (Exception e) when (e is FormatException or ArgumentException or NotSupportedException or OverflowException)
        {
            return false;
        }
    }

    private static string Describe(Type type)
    {
        var target = Nullable.GetUnderlyingType(type) ?? type;
        return target switch
        {
            _ when target == typeof(TimeSpan) => "a duration such as 00:00:05",
            _ when target == typeof(bool) => "true or false",
            _ when target.IsEnum => "one of " + string.Join(", ", Enum.GetNames(target)),
            _ when target == typeof(int) || target == typeof(long) => "a whole number in range",
            _ => "a " + target.Name,
        };
    }

    /// <summary>Text of a value for messages. Secrets are redacted by option name; of a URL, the query is redacted.</summary>
    internal static string Redact(string path, string value) =>
        IsSecret(path) ? "(hidden)" : path.EndsWith("Url", StringComparison.OrdinalIgnoreCase)
        && value.IndexOf('?', StringComparison.Ordinal) is >= 0 and var query ? value[..query] + "?(hidden)" : value;

    /// <summary>Returns whether the option's name marks its value as a secret.</summary>
    internal static bool IsSecret(string path) =>
        path.Contains("Secret", StringComparison.OrdinalIgnoreCase) || path.Contains("Password", StringComparison.OrdinalIgnoreCase)
        || path.Contains("ConnectionString", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith("AccessKey", StringComparison.OrdinalIgnoreCase)
        || path.EndsWith("Headers", StringComparison.OrdinalIgnoreCase);

    private static string Suggest(string name, IEnumerable<string> candidates)
    {
        var best = candidates.Select(c => (Name: c, Distance: Distance(name.ToUpperInvariant(), c.ToUpperInvariant())))
            .OrderBy(c => c.Distance).FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(2, name.Length / 3)
            && best.Distance < name.Length - 1 ? $"; did you mean {best.Name}?" : "";
    }

    /// <summary>Levenshtein distance.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[b.Length];
    }
}

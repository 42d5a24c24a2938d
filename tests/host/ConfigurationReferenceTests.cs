using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;
using Broadcast.Host.Configuration;
using Broadcast.Testing;
using Shouldly;
using Xunit;

namespace Broadcast.Host.Tests;

/// <summary>Agreement of docs/configuration.md and the code.</summary>
public partial class ConfigurationReferenceTests
{
    private const string NotSet = "not set";

    [Fact]
    public void Each_section_documents_exactly_its_options_in_order()
    {
        var written = Read();
        foreach (var (section, type) in OptionSections.All)
        {
            written.ShouldContainKey(section);
            written[section].Select(o => o.Name).ShouldBe(type.GetProperties().Where(p => p.CanWrite).Select(p => p.Name), section);
        }
    }

    [Fact]
    public void Documented_defaults_match_the_code()
    {
        var written = Read();
        var wrong = new List<string>();
        foreach (var (section, type) in OptionSections.All)
        {
            var defaults = Activator.CreateInstance(type)!;
            foreach (var (name, text) in written[section])
            {
                var property = type.GetProperty(name)!;
                var real = property.GetValue(defaults);
                var told = text == NotSet ? null : TypeDescriptor.GetConverter(property.PropertyType)
                    .ConvertFromString(null, CultureInfo.InvariantCulture, text);
                if (!Equals(real, told))
                {
                    wrong.Add($"{section}:{name} is {real ?? NotSet}, but {text} is written");
                }
            }
        }

        wrong.ShouldBeEmpty();
    }

    [Fact]
    public void Only_existing_sections_are_documented() =>
        Read().Keys.Except(["Serilog"], StringComparer.Ordinal).ShouldBe(OptionSections.All.Keys, ignoreOrder: true);

    /// <summary>Tables below headings with a section's name as code: option and default.</summary>
    private static Dictionary<string, List<(string Name, string Default)>> Read()
    {
        var sections = new Dictionary<string, List<(string, string)>>(StringComparer.Ordinal);
        List<(string, string)>? section = null;
        foreach (var line in File.ReadLines(Repository.PathOf("docs", "configuration.md")))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                section = SectionHeading().Match(line) is { Success: true } heading ? sections[heading.Groups["name"].Value] = [] : null;
            }
            else if (section is not null && Row().Match(line) is { Success: true } row)
            {
                section.Add((row.Groups["name"].Value, row.Groups["value"].Success ? row.Groups["value"].Value : NotSet));
            }
        }

        return sections;
    }

    [GeneratedRegex("^## `(?<name>[A-Za-z]+)`$")]
    private static partial Regex SectionHeading();

    [GeneratedRegex(@"^\| `(?<name>[A-Za-z:.]+)` \| (?:`(?<value>[^`]*)`|not set) \| ")]
    private static partial Regex Row();
}

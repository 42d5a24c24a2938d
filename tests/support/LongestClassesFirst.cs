using System.Reflection;
using Xunit.Sdk;
using Xunit.v3;

namespace Broadcast.Testing;

/// <summary>Marks a test class whose tests take a minute or more in total.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class LongRunningAttribute : Attribute;

/// <summary>
/// Starts the classes with <see cref="LongRunningAttribute"/> before the others, so that no long class runs alone at the end. The order of
/// the others does not change.
/// </summary>
public sealed class LongestClassesFirst : ITestCollectionOrderer
{
    /// <inheritdoc/>
    public IReadOnlyCollection<TTestCollection> OrderTestCollections<TTestCollection>(IReadOnlyCollection<TTestCollection> testCollections)
        where TTestCollection : ITestCollection
    {
        var names = testCollections.OfType<IXunitTestCollection>().Select(collection => collection.TestAssembly.Assembly).Distinct()
            .SelectMany(assembly => assembly.GetTypes()).Where(type => type.GetCustomAttribute<LongRunningAttribute>() is not null)
            .Select(type => $" {type.FullName} ").ToList();

        // xunit names the collection of a class "Test collection for NAMESPACE.CLASS (id: HASH)".
        return [.. testCollections.OrderBy(collection =>
            names.Any(name => collection.TestCollectionDisplayName.Contains(name, StringComparison.Ordinal)) ? 0 : 1)];
    }
}
